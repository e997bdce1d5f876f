namespace OneFractal.Cli.Hosting;

/// <summary>How this program is started.</summary>
internal static class ThisProgram
{
    /// <summary>The command line up to the verb.</summary>
    public static IReadOnlyList<string> Command { get; } =
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? [Environment.ProcessPath!, typeof(ThisProgram).Assembly.Location]
            : [Environment.ProcessPath!];
}
