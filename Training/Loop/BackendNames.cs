namespace OneFractal.Training;

/// <summary>What backends are called.</summary>
public static class BackendNames
{
    /// <summary>The value of <c>--backend</c> that asks for it.</summary>
    public static string OptionValue(this BackendKind kind) => kind.ToString().ToLowerInvariant();
}
