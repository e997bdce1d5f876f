using System.Diagnostics;

namespace OneFractal.Evaluation;

/// <summary>Runs a program to its end and collects what it says.</summary>
internal static class ChildProcess
{
    /// <summary>Runs a program; when it takes longer than <paramref name="limit"/>, or is cancelled, it is killed with what it started.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ProcessResult Run(ProcessStartInfo start, TimeSpan limit, CancellationToken cancellation = default)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stop.CancelAfter(limit);
        try
        {
            process.WaitForExitAsync(stop.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            return new ProcessResult(null, "", "");
        }

        return new ProcessResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }
}
