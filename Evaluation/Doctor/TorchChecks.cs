using System.Globalization;
using System.Reflection;
using TorchSharp;

namespace OneFractal.Evaluation;

/// <summary>TorchSharp, on the CPU and on CUDA.</summary>
internal static class TorchChecks
{
    private const int Size = 64;

    public static IReadOnlyList<Check> All { get; } =
    [
        new("TorchSharp, CPU", Cpu, FindingStatus.Failed, "Build again: ./onefractal does, or 'dotnet build Solution.sln'. 64-bit Linux, Windows or Apple silicon is needed."),
        new("TorchSharp, CUDA", Cuda, FindingStatus.Missing, "Check the NVIDIA driver with nvidia-smi, and build with ONEFRACTAL_DEVICE=cuda."),
    ];

    private static Finding Cpu()
    {
        Multiply(torch.CPU);
        var version = typeof(torch).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        return new Finding(
            "TorchSharp, CPU", FindingStatus.Ok, string.Create(CultureInfo.InvariantCulture, $"{version}, computes with {torch.get_num_threads()} threads"));
    }

    private static Finding Cuda()
    {
        if (!torch.cuda.is_available())
        {
            return new Finding(
                "TorchSharp, CUDA", FindingStatus.Missing, "No CUDA device, or built with the CPU packages",
                "With an NVIDIA GPU: ONEFRACTAL_DEVICE=cuda ./onefractal doctor");
        }

        var count = torch.cuda.device_count();
        for (var i = 0; i < count; i++)
        {
            Multiply(torch.device(DeviceType.CUDA, i));
        }

        return new Finding("TorchSharp, CUDA", FindingStatus.Ok, string.Create(CultureInfo.InvariantCulture, $"computes on {count} device(s)"));
    }

    private static void Multiply(torch.Device device)
    {
        using var ones = torch.ones(Size, Size, device: device);
        using var product = torch.matmul(ones, ones);
        using var sum = product.sum();
        var value = sum.item<float>();
        if (value != Size * Size * Size)
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"A matrix product came out wrong: {value}"));
        }
    }
}
