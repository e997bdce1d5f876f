namespace OneFractal.Evaluation;

/// <summary>Something to try.</summary>
/// <param name="Name">What is tried.</param>
/// <param name="Try">Tries it: returns the finding, or throws.</param>
/// <param name="OnFailure">What it means when <paramref name="Try"/> throws.</param>
/// <param name="Hint">What to do then.</param>
internal sealed record Check(string Name, Func<Finding> Try, FindingStatus OnFailure, string Hint)
{
    private const string SharedObjectError = "cannot open shared object file";

    /// <summary>The finding. A library may fail in any way, also natively: each becomes a finding.</summary>
    public Finding Run()
    {
        try
        {
            return Try();
        }
        catch (Exception e)
        {
            return new Finding(Name, OnFailure, Reason(e), Hint);
        }
    }

    // A static constructor that could not load its library reports itself; the reason is inside.
    private static string Reason(Exception exception)
    {
        while (exception is TypeInitializationException or AggregateException && exception.InnerException is { } inner)
        {
            exception = inner;
        }

        // The loader's message lists every place it looked in; the line that matters names the library that the found file asks for.
        var lines = exception.Message.Split('\n', StringSplitOptions.TrimEntries);
        return lines.FirstOrDefault(l => l.Contains(SharedObjectError) && !l.StartsWith('/')) ?? lines[0];
    }
}
