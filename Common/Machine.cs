using System.Runtime.InteropServices;

namespace OneFractal.Common;

/// <summary>The machine that figures were measured on.</summary>
public static class Machine
{
    private const string CpuInfo = "/proc/cpuinfo";

    /// <summary>Model of the processor, or its architecture where nothing names it.</summary>
    public static string Processor { get; } = FindProcessor();

    /// <summary>Processor and number of cores in one line.</summary>
    public static string Description => $"{Processor}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET {Environment.Version}";

    private static string FindProcessor()
    {
        var line = File.Exists(CpuInfo) ? File.ReadLines(CpuInfo).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':') + 1)..].Trim()
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
            ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
