namespace OneFractal.Evaluation;

/// <summary>How a program ended.</summary>
/// <param name="ExitCode">Its exit code, or null when it took too long and was killed.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Error">What it wrote to standard error.</param>
internal sealed record ProcessResult(int? ExitCode, string Output, string Error)
{
    private const int SignalBase = 128;

    /// <summary>Why it failed, in a few words.</summary>
    public string Explain()
    {
        var said = (Error + "\n" + Output).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault();
        return ExitCode switch
        {
            null => "it took too long and was stopped",
            > SignalBase and < SignalBase + 32 and var code => $"its process crashed (signal {code - SignalBase})",
            var code => said is null ? $"its process ended with exit code {code}" : said.TrimEnd('.'),
        };
    }
}
