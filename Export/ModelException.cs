namespace OneFractal.Export;

/// <summary>A model file or graph that cannot be used: one line that names the file, the node and the cause.</summary>
public sealed class ModelException(string message, Exception? inner = null) : OneFractalException(Printable(message), inner)
{
    private const int LongestMessage = 2000;

    /// <summary>Names in a damaged file may hold anything, terminal commands and megabytes too.</summary>
    private static string Printable(string message)
    {
        var shown = message.Length <= LongestMessage ? message : message[..LongestMessage] + "…";
        return shown.Any(char.IsControl) ? string.Concat(shown.Select(c => char.IsControl(c) && c is not ('\r' or '\n') ? '?' : c)) : shown;
    }
}
