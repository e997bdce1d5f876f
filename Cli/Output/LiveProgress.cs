using Spectre.Console;

namespace OneFractal.Cli.Output;

/// <summary>
/// Progress as moving bars. The bars live while any work runs; between two pieces of work nothing moves,
/// so that tables can be printed on the same terminal.
/// </summary>
internal sealed class LiveProgress(IAnsiConsole console) : ConsoleProgress
{
    private readonly Lock _gate = new();
    private ProgressDisplay? _display;
    private int _running;

    /// <inheritdoc />
    public override void Message(string text) => console.WriteLine(text);

    /// <inheritdoc />
    public override IProgressTask Start(string title, long total)
    {
        lock (_gate)
        {
            _display ??= new ProgressDisplay(console);
            _running++;
            return new LiveProgressTask(_display.Context, title, new ProgressClock(TimeProvider.System, total), End);
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        lock (_gate)
        {
            _display?.Dispose();
            _display = null;
        }
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_running == 0)
            {
                Dispose();
            }
        }
    }
}
