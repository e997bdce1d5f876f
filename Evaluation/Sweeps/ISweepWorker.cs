using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>Does the parts of a sweep, here or in processes of their own.</summary>
public interface ISweepWorker
{
    /// <summary>Does a part to its end.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="options">The sweep's folder, and what to compute with.</param>
    /// <param name="said">Gets what is said about its progress.</param>
    /// <param name="cancellation">Stops it where it goes on when it is done again.</param>
    /// <exception cref="OneFractalException">It failed; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    void Do(string key, JobOptions options, Action<string> said, CancellationToken cancellation);
}
