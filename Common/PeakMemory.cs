using System.Globalization;
using System.Runtime.InteropServices;

namespace OneFractal.Common;

/// <summary>The largest resident set of this process since a reset; Linux only, whose kernel can forget the old peak.</summary>
public static partial class PeakMemory
{
    private const string Status = "/proc/self/status";
    private const string ClearReferences = "/proc/self/clear_refs";
    private const string ForgetPeak = "5";

    /// <summary>Whether this machine can tell.</summary>
    public static bool IsKnown => OperatingSystem.IsLinux() && File.Exists(ClearReferences);

    /// <summary>Gives unused memory back to the system and forgets the peak so far.</summary>
    public static void Reset()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _ = MallocTrim(0);
        File.WriteAllText(ClearReferences, ForgetPeak);
    }

    /// <summary>The peak since the last reset, in bytes.</summary>
    public static double Read()
    {
        const string Key = "VmHWM:";
        var line = File.ReadLines(Status).First(l => l.StartsWith(Key, StringComparison.Ordinal));
        return 1024.0 * long.Parse(line[Key.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint keep);
}
