namespace OneFractal.Common;

/// <summary>A piece of long work in progress. Safe to call from any thread, as often as one likes.</summary>
public interface IProgressTask : IDisposable
{
    /// <summary><paramref name="done"/> units are done; <paramref name="detail"/> is a short figure such as "loss 2.31".</summary>
    void Report(long done, string? detail = null);
}
