using System.Globalization;

namespace OneFractal.Common;

/// <summary>Where to compute: <c>auto</c>, <c>cpu</c> or <c>cuda[:n]</c>.</summary>
/// <param name="Kind">Which kind of device.</param>
/// <param name="Index">Which CUDA device, from 0.</param>
public readonly record struct ComputeDevice(ComputeDeviceKind Kind, int Index = 0)
{
    /// <summary>CUDA where it works, else the CPU.</summary>
    public static ComputeDevice Auto => new(ComputeDeviceKind.Auto);

    /// <summary>The CPU.</summary>
    public static ComputeDevice Cpu => new(ComputeDeviceKind.Cpu);

    /// <summary>Parses <c>auto|cpu|cuda[:n]</c>.</summary>
    /// <exception cref="UsageException">Anything else.</exception>
    public static ComputeDevice Parse(string text)
    {
        switch (text.Trim().ToLowerInvariant())
        {
            case "auto":
                return Auto;
            case "cpu":
                return Cpu;
            case "cuda":
                return new ComputeDevice(ComputeDeviceKind.Cuda);
            case var cuda when cuda.StartsWith("cuda:", StringComparison.Ordinal)
                && int.TryParse(cuda.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index):
                return new ComputeDevice(ComputeDeviceKind.Cuda, index);
            default:
                throw new UsageException($"Unknown device '{text}': use auto, cpu, cuda or cuda:N.");
        }
    }

    /// <summary>The form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => Kind == ComputeDeviceKind.Cuda ? $"cuda:{Index}" : Kind.ToString().ToLowerInvariant();
}
