using System.Diagnostics;
using System.Globalization;

namespace OneFractal.Inference;

/// <summary>What NVIDIA's command line tool says of its GPUs.</summary>
internal static class NvidiaSmi
{
    /// <summary>Name, memory and driver of a GPU, or null where there is no tool.</summary>
    public static string? Describe(ComputeDevice device)
    {
        return Query($"--id={device.Index}", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")?.Trim();
    }

    /// <summary>Bytes that this process has on all GPUs, or null where there is no tool.</summary>
    public static double? BytesOfThisProcess()
    {
        return Query("--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits") is { } rows ? BytesOf(Environment.ProcessId, rows) : null;
    }

    /// <summary>
    /// Sums the second column, in MiB, over rows whose first is <paramref name="process"/>; null where it has none, as in containers, which number processes their own way.
    /// </summary>
    public static double? BytesOf(int process, string rows)
    {
        double[] sizes = [.. rows.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(row => row.Split(',', StringSplitOptions.TrimEntries))
            .Where(row => row is [var id, _] && id == process.ToString(CultureInfo.InvariantCulture))
            .Select(row => double.TryParse(row[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var mebibytes) ? mebibytes * (1 << 20) : (double?)null)
            .OfType<double>()];
        return sizes.Length > 0 ? sizes.Sum() : null;
    }

    private static string? Query(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("nvidia-smi", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
