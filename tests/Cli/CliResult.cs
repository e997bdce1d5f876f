namespace OneFractal.Tests.Cli;

/// <summary>How a run of the command line ended.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error);
