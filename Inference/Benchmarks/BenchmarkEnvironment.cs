using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.OnnxRuntime;

namespace OneFractal.Inference;

/// <summary>On what a benchmark ran: what one needs to read its figures.</summary>
public sealed record BenchmarkEnvironment
{
    private const string LoadFile = "/proc/loadavg";

    /// <summary>When it ended, in UTC.</summary>
    public DateTime Date { get; init; }

    /// <summary>Version of OneFractal.</summary>
    public string OneFractal { get; init; } = "";

    /// <summary>Version of ONNX Runtime.</summary>
    public string OnnxRuntime { get; init; } = "";

    /// <summary>Execution providers that this build of ONNX Runtime has.</summary>
    public IReadOnlyList<string> Providers { get; init; } = [];

    /// <summary>Version of .NET.</summary>
    public string Dotnet { get; init; } = "";

    /// <summary>Operating system.</summary>
    public string OperatingSystem { get; init; } = "";

    /// <summary>Processor model.</summary>
    public string Processor { get; init; } = "";

    /// <summary>Bits of the widest vectors that .NET uses on it.</summary>
    public int VectorBits { get; init; }

    /// <summary>Processors that this process may use.</summary>
    public int Cores { get; init; }

    /// <summary>Memory that this process may use.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Processes that wanted a core in the last minute, this one included; null where the system does not tell.</summary>
    public double? LoadAverage { get; init; }

    /// <summary>Name and driver of the GPU that was used, or null.</summary>
    public string? Gpu { get; init; }

    /// <summary>Reads this machine.</summary>
    internal static BenchmarkEnvironment Current(ComputeDevice? gpu) => new()
    {
        Date = DateTime.UtcNow,
        OneFractal = typeof(BenchmarkEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
        OnnxRuntime = OrtEnv.Instance().GetVersionString(),
        Providers = OrtEnv.Instance().GetAvailableProviders(),
        Dotnet = Environment.Version.ToString(),
        OperatingSystem = RuntimeInformation.OSDescription,
        Processor = Machine.Processor,
        VectorBits = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128,
        Cores = Environment.ProcessorCount,
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        LoadAverage = File.Exists(LoadFile) ? double.Parse(File.ReadAllText(LoadFile).Split(' ')[0], CultureInfo.InvariantCulture) : null,
        Gpu = gpu is { } device ? NvidiaSmi.Describe(device) : null,
    };
}
