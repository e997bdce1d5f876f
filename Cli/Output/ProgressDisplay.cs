using Spectre.Console;

namespace OneFractal.Cli.Output;

/// <summary>Spectre's live display of bars, turned from a call that takes a delegate into an object that lives until disposed.</summary>
internal sealed class ProgressDisplay : IDisposable
{
    // Often enough to look alive; drawing must not take time from the work.
    private static readonly TimeSpan RefreshRate = TimeSpan.FromMilliseconds(250);

    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _run;

    /// <summary>Starts the display.</summary>
    public ProgressDisplay(IAnsiConsole console)
    {
        var ready = new TaskCompletionSource<ProgressContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        var progress = console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ProgressTextColumn());
        progress.RefreshRate = RefreshRate;
        _run = progress.StartAsync(context =>
        {
            ready.SetResult(context);
            return _end.Task;
        });
        Context = ready.Task.GetAwaiter().GetResult();
    }

    /// <summary>Where bars are added.</summary>
    public ProgressContext Context { get; }

    /// <summary>Draws the bars a last time and leaves them on the screen.</summary>
    public void Dispose()
    {
        _end.TrySetResult();
        _run.GetAwaiter().GetResult();
    }
}
