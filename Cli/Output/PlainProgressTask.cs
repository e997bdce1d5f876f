namespace OneFractal.Cli.Output;

/// <summary>One piece of work whose progress is written as lines: not often, and one at the end.</summary>
internal sealed class PlainProgressTask(string title, ProgressClock clock, Action<string> writeLine) : IProgressTask
{
    private const double MinimumPercent = 5;
    private static readonly TimeSpan MinimumInterval = TimeSpan.FromSeconds(5), MaximumInterval = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private TimeSpan _lastTime;
    private double _lastPercent;
    private string? _detail;
    private bool _ended;

    /// <inheritdoc />
    public void Report(long done, string? detail = null)
    {
        lock (_gate)
        {
            clock.Report(done);
            _detail = detail ?? _detail;
            if (clock.Total > 0 && clock.Done >= clock.Total)
            {
                // The last line says it.
                return;
            }

            var since = clock.Elapsed - _lastTime;
            if (since >= MaximumInterval || (since >= MinimumInterval && clock.Percent >= _lastPercent + MinimumPercent))
            {
                (_lastTime, _lastPercent) = (clock.Elapsed, clock.Percent);
                var left = clock.Remaining is { } remaining ? $", {ProgressClock.Format(remaining)} left" : "";
                Write($"{ProgressClock.Format(clock.Elapsed)} elapsed{left}");
            }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            if (!_ended)
            {
                _ended = true;
                Write($"{(clock.Done < clock.Total ? "stopped after" : "done in")} {ProgressClock.Format(clock.Elapsed)}");
            }
        }
    }

    private void Write(string time)
    {
        var share = clock.Total > 0 ? FormattableString.Invariant($"{clock.Percent:F0} %, {clock.Done} of {clock.Total}") : $"{clock.Done}";
        writeLine($"{title}: {share}, {time}{(_detail is null ? "" : $", {_detail}")}");
    }
}
