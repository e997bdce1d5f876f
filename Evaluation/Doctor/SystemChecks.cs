using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace OneFractal.Evaluation;

/// <summary>The machine itself.</summary>
internal static class SystemChecks
{
    private const double GiB = 1L << 30;
    private const double EnoughMemory = 3, EnoughDisk = 2;

    public static IReadOnlyList<Check> All { get; } =
    [
        new(".NET", Runtime, FindingStatus.Failed, "Install the .NET 10 SDK."),
        new("Processor", Processor, FindingStatus.Missing, ""),
        new("Memory", Memory, FindingStatus.Missing, ""),
        new("This folder", Folder, FindingStatus.Missing, "Change to a folder that you may write to, or give --output."),
    ];

    private static Finding Runtime()
    {
        var detail = $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}";
        return new Finding(".NET", FindingStatus.Ok, detail);
    }

    private static Finding Processor()
    {
        var vectors = Avx512F.IsSupported ? ", AVX-512" : Avx2.IsSupported ? ", AVX2" : "";
        return new Finding("Processor", FindingStatus.Ok, $"{Environment.ProcessorCount} cores for this process, {Machine.Processor}{vectors}");
    }

    private static Finding Memory()
    {
        // The runtime's figure is the smaller of the machine's memory and a container's limit.
        var total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / GiB;
        var free = ReadField("/proc/meminfo", "MemAvailable")?.Split(' ')[0] is { } kibibytes
            ? Math.Min(total, double.Parse(kibibytes, CultureInfo.InvariantCulture) * 1024 / GiB)
            : total;
        var detail = FormattableString.Invariant($"{total:F1} GiB for this process, {free:F1} GiB free now");
        return free >= EnoughMemory
            ? new Finding("Memory", FindingStatus.Ok, detail)
            : new Finding("Memory", FindingStatus.Missing, detail, "Close other programs, or use small models and batches.");
    }

    private static Finding Folder()
    {
        var folder = Environment.CurrentDirectory;
        using (new FileStream(Path.Combine(folder, $".onefractal-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
        {
        }

        var free = new DriveInfo(folder).AvailableFreeSpace / GiB;
        var detail = FormattableString.Invariant($"{folder}: writable, {free:F1} GiB free");
        return free >= EnoughDisk
            ? new Finding("This folder", FindingStatus.Ok, detail)
            : new Finding("This folder", FindingStatus.Missing, detail, "Free some space, or give --output on another disk.");
    }

    private static string? ReadField(string file, string name)
    {
        return !File.Exists(file)
            ? null
            : File.ReadLines(file).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
    }
}
