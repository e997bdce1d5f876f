namespace OneFractal.Inference;

/// <summary>The time of a scenario.</summary>
internal interface IQueryClock
{
    /// <summary>Seconds since the start.</summary>
    double Seconds { get; }

    /// <summary>Waits for a time.</summary>
    void WaitUntil(double seconds);
}
