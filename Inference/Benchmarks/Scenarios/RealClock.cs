using System.Diagnostics;

namespace OneFractal.Inference;

/// <summary>The time that passes.</summary>
internal sealed class RealClock : IQueryClock
{
    // A sleep may last so much longer than asked for.
    private const double Oversleep = 0.002;
    private readonly long _start = Stopwatch.GetTimestamp();

    public double Seconds => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    public void WaitUntil(double seconds)
    {
        while (seconds - Seconds is > 0 and var left)
        {
            if (left > Oversleep)
            {
                Thread.Sleep(TimeSpan.FromSeconds(left - Oversleep));
            }
            else
            {
                Thread.SpinWait(10);
            }
        }
    }
}
