namespace OneFractal.Cli.Output;

/// <summary>Progress as lines, for logs.</summary>
internal sealed class PlainProgress(TextWriter writer, TimeProvider time) : ConsoleProgress
{
    private readonly Lock _gate = new();

    /// <inheritdoc />
    public override void Message(string text) => WriteLine(text);

    /// <inheritdoc />
    public override IProgressTask Start(string title, long total) => new PlainProgressTask(title, new ProgressClock(time, total), WriteLine);

    /// <inheritdoc />
    public override void Dispose()
    {
    }

    private void WriteLine(string text)
    {
        lock (_gate)
        {
            writer.WriteLine(text);
        }
    }
}
