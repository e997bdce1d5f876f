namespace OneFractal.Common;

/// <summary>
/// A failure a person can act on. The message is one line that says what went wrong, where, and what to do;
/// the command line prints it as it is and exits with <see cref="ExitCode"/>.
/// </summary>
public class OneFractalException : Exception
{
    /// <summary>A failure; line breaks in the message, which may quote names from damaged files, become spaces.</summary>
    public OneFractalException(string message, Exception? inner = null)
        : base(message.ReplaceLineEndings(" "), inner)
    {
    }

    /// <summary>Process exit code: 1 for a failure, 2 for wrong usage.</summary>
    public virtual int ExitCode => 1;
}
