namespace OneFractal.Common;

/// <summary>Progress that nobody looks at.</summary>
public sealed class NullProgress : IProgressReporter, IProgressTask
{
    /// <summary>The one instance.</summary>
    public static NullProgress Instance { get; } = new();

    /// <inheritdoc />
    public void Message(string text)
    {
    }

    /// <inheritdoc />
    public IProgressTask Start(string title, long total) => this;

    /// <inheritdoc />
    public void Report(long done, string? detail = null)
    {
    }

    /// <inheritdoc />
    public void Dispose()
    {
    }
}
