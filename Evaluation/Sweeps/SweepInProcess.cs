using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>Does the parts of a sweep in this process, one at a time.</summary>
internal sealed class SweepInProcess : ISweepWorker
{
    /// <inheritdoc />
    public void Do(string key, JobOptions options, Action<string> said, CancellationToken cancellation)
    {
        Sweep.RunPart(key, options, cancellation);
    }
}
