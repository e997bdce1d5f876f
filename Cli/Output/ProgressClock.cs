using System.Globalization;

namespace OneFractal.Cli.Output;

/// <summary>
/// Elapsed and remaining time of a piece of work. The rate counts from the first report, which leaves out the warm-up and,
/// after a resume, the units that were done before.
/// </summary>
internal sealed class ProgressClock(TimeProvider time, long total)
{
    private readonly long _start = time.GetTimestamp();
    private long _firstTime;
    private long? _firstDone;
    private long _done;
    private long _lastTime;

    /// <summary>Units in all; 0 or less when not known.</summary>
    public long Total => total;

    /// <summary>Units done.</summary>
    public long Done => _done;

    /// <summary>Time since the start.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>Percent done, from 0 to 100.</summary>
    public double Percent => total > 0 ? Math.Clamp(100.0 * _done / total, 0, 100) : 0;

    /// <summary>Time left, or null when nothing can be said yet.</summary>
    public TimeSpan? Remaining
    {
        get
        {
            if (_firstDone is not { } first || _done <= first || total < _done)
            {
                return null;
            }

            var rate = (_done - first) / time.GetElapsedTime(_firstTime, _lastTime).TotalSeconds;
            var seconds = (total - _done) / rate - time.GetElapsedTime(_lastTime).TotalSeconds;
            // A rate near zero gives times that mean nothing, and that TimeSpan cannot hold.
            return seconds < 100 * 86400 ? TimeSpan.FromSeconds(Math.Max(0, seconds)) : null;
        }
    }

    /// <summary><paramref name="done"/> units are done now.</summary>
    public void Report(long done)
    {
        _lastTime = time.GetTimestamp();
        _done = done;
        if (_firstDone is null)
        {
            (_firstDone, _firstTime) = (done, _lastTime);
        }
    }

    /// <summary>0:07, 12:34 or 1:02:03.</summary>
    public static string Format(TimeSpan span)
    {
        return span.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(long)span.TotalHours}:{span:mm\\:ss}")
            : span.ToString(@"m\:ss", CultureInfo.InvariantCulture);
    }
}
