using System.Diagnostics;

namespace OneFractal.Tests.Cli;

/// <summary>Runs the built command line as a process of its own, as users do.</summary>
internal static class CliRunner
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>Runs a command line to its end.</summary>
    public static CliResult Run(params string[] args) => Finish(Start(args));

    /// <summary>Starts a command line that reads nothing.</summary>
    public static Process Start(params string[] args)
    {
        var process = Open(args);
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Starts a command line that reads what the caller writes to its standard input.</summary>
    public static Process Open(params string[] args)
    {
        string[] command = ["dotnet", Path.Combine(AppContext.BaseDirectory, "onefractal.dll"), .. args];
        // A suite that was started in the background ignores SIGINT, and what it starts would inherit that.
        string[] run = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT", .. command] : command;
        var start = new ProcessStartInfo(run[0], run[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    /// <summary>Waits for a process and collects what it wrote.</summary>
    public static CliResult Finish(Process process)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Timeout))
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail($"The process did not end within {Timeout}.");
            }

            return new CliResult(process.ExitCode, output.Result, error.Result);
        }
    }

    /// <summary>Sends a signal such as INT, as Ctrl-C does.</summary>
    public static void Signal(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Runs a command line that the user got wrong, and checks that exactly one line says so.</summary>
    public static string Fails(int exitCode, params string[] args)
    {
        var result = Run(args);
        Assert.AreEqual(exitCode, result.ExitCode, result.Error);
        Assert.AreEqual("", result.Output);
        var lines = result.Error.TrimEnd('\n').Split('\n');
        Assert.HasCount(1, lines, result.Error);
        Assert.StartsWith("onefractal: ", lines[0]);
        return lines[0];
    }
}
