namespace OneFractal.Common;

/// <summary>An option or argument that cannot be used as given (exit code 2).</summary>
public sealed class UsageException(string message) : OneFractalException(message)
{
    /// <inheritdoc />
    public override int ExitCode => 2;
}
