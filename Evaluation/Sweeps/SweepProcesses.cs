using System.Diagnostics;
using System.Globalization;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>
/// Does each part of a sweep in a process of its own. The process is asked to stop by the end of its standard input, which also comes when this process is
/// killed: a signal would not reach it then, and on a terminal Ctrl-C would reach it twice.
/// </summary>
/// <param name="command">The command line of OneFractal, up to the verb.</param>
public sealed class SweepProcesses(IReadOnlyList<string> command) : ISweepWorker
{
    private const string ErrorPrefix = "onefractal: ";

    // A process that has not stopped after its step and a checkpoint never will.
    private static readonly TimeSpan LongestStop = TimeSpan.FromMinutes(2);

    /// <inheritdoc />
    public void Do(string key, JobOptions options, Action<string> said, CancellationToken cancellation)
    {
        string[] arguments =
        [
            .. command.Skip(1), Sweep.Verb, "--part", key, "--stop-with-input", "--output", options.Output, "--device", options.Device.ToString(),
            "--backend", options.Backend.OptionValue(), .. (options.Threads > 0 ? (string[])["--threads", Number(options.Threads)] : []), "--workers", Number(options.Workers),
            "--checkpoint-every", Number(options.CheckpointEvery),
        ];
        var start = new ProcessStartInfo(command[0], arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var lines = new List<string>();
        process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is { Length: > 0 } line)
            {
                lines.Add(line);
                said(line);
            }
        };
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        using (cancellation.Register(() => Stop(process)))
        {
            process.WaitForExit();
        }

        File.AppendAllLines(Log(options.Output, key), lines);
        if (process.ExitCode != 0)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new OneFractalException(
                lines.LastOrDefault(l => l.StartsWith(ErrorPrefix, StringComparison.Ordinal))?[ErrorPrefix.Length..]
                ?? $"The process ended with exit code {process.ExitCode}; what it said is in '{Log(options.Output, key)}'.");
        }
    }

    private static void Stop(Process process)
    {
        // Not here: the one who cancels must not wait.
        _ = Task.Run(() =>
        {
            try
            {
                process.StandardInput.Close();
                if (!process.WaitForExit(LongestStop))
                {
                    process.Kill();
                }
            }
            catch (Exception e) when (e is InvalidOperationException or IOException)
            {
                // It has ended by itself.
            }
        });
    }

    private static string Log(string output, string key)
    {
        var log = new SweepFolder(output).Log(key);
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        return log;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
