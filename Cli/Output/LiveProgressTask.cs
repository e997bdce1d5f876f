using Spectre.Console;

namespace OneFractal.Cli.Output;

/// <summary>One bar.</summary>
internal sealed class LiveProgressTask : IProgressTask
{
    private readonly Lock _gate = new();
    private readonly ProgressClock _clock;
    private readonly ProgressTask _task;
    private readonly Action _end;
    private string _detail = "";
    private bool _ended;
    private TimeSpan _elapsed;

    /// <summary>Adds a bar to <paramref name="context"/>; <paramref name="end"/> is called once when the work ends.</summary>
    public LiveProgressTask(ProgressContext context, string title, ProgressClock clock, Action end)
    {
        _clock = clock;
        _end = end;
        _task = context.AddTask(Markup.Escape(title), maxValue: Math.Max(1, clock.Total));
        _task.IsIndeterminate = clock.Total <= 0;
        _task.Tag = this;
    }

    /// <inheritdoc />
    public void Report(long done, string? detail = null)
    {
        lock (_gate)
        {
            _clock.Report(done);
            _detail = detail ?? _detail;
        }

        // Outside the lock: Spectre has locks of its own, and its drawing thread calls ToString below.
        _task.Value = done;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            _elapsed = _clock.Elapsed;
        }

        _task.StopTask();
        _end();
    }

    /// <summary>Time left while it runs, else time taken, and the newest detail.</summary>
    public override string ToString()
    {
        lock (_gate)
        {
            var time = _ended ? ProgressClock.Format(_elapsed)
                : _clock.Remaining is { } remaining ? $"{ProgressClock.Format(remaining)} left" : ProgressClock.Format(_clock.Elapsed);
            return _detail.Length > 0 ? $"{time}  {_detail}" : time;
        }
    }
}
