using System.Reflection;
using System.Runtime.InteropServices;

namespace OneFractal.Training;

/// <summary>On what a run was computed: what one needs to read its figures.</summary>
public sealed record RunEnvironment
{
    /// <summary>Version of OneFractal.</summary>
    public string OneFractal { get; init; } = "";

    /// <summary>Version of .NET.</summary>
    public string Dotnet { get; init; } = "";

    /// <summary>Version of TorchSharp.</summary>
    public string TorchSharp { get; init; } = "";

    /// <summary>Operating system.</summary>
    public string OperatingSystem { get; init; } = "";

    /// <summary>Processor model.</summary>
    public string Processor { get; init; } = "";

    /// <summary>Processors that this process may use.</summary>
    public int Cores { get; init; }

    /// <summary>Threads of the training backend.</summary>
    public int Threads { get; init; }

    /// <summary>The training backend and the device it computes on.</summary>
    public string Device { get; init; } = "";

    /// <summary>Reads this machine.</summary>
    public static RunEnvironment Current(ITrainingBackend backend) => Current($"{backend.Name} on {backend.Device}");

    /// <summary>Reads this machine.</summary>
    /// <param name="device">What computes, and where.</param>
    public static RunEnvironment Current(string device) => new()
    {
        OneFractal = VersionOf(typeof(RunEnvironment)),
        Dotnet = Environment.Version.ToString(),
        TorchSharp = VersionOf(typeof(global::TorchSharp.torch)),
        OperatingSystem = RuntimeInformation.OSDescription,
        Processor = Machine.Processor,
        Cores = Environment.ProcessorCount,
        Threads = global::TorchSharp.torch.get_num_threads(),
        Device = device,
    };

    private static string VersionOf(Type type)
    {
        return type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? type.Assembly.GetName().Version?.ToString() ?? "";
    }
}
