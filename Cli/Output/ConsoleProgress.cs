namespace OneFractal.Cli.Output;

/// <summary>Progress on standard error: moving bars on a terminal, now and then a line elsewhere.</summary>
internal abstract class ConsoleProgress : IProgressReporter, IDisposable
{
    /// <summary>The one that suits where standard error goes.</summary>
    public static ConsoleProgress Create()
    {
        return Terminal.IsErrorInteractive ? new LiveProgress(Terminal.Error) : new PlainProgress(Console.Error, TimeProvider.System);
    }

    /// <inheritdoc />
    public abstract void Message(string text);

    /// <inheritdoc />
    public abstract IProgressTask Start(string title, long total);

    /// <inheritdoc />
    public abstract void Dispose();
}
