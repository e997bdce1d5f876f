using System.Text;

namespace OneFractal.Common;

/// <summary>Writes files whole or not at all: temporary name in the same folder, flush to disk, rename.</summary>
public static class AtomicFile
{
    private const string TemporarySuffix = ".partial";

    /// <summary>Creates or replaces <paramref name="path"/> with what <paramref name="write"/> writes. Missing folders are created.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes its content.</param>
    /// <param name="flushToDisk">
    /// Whether the file must outlive a power failure. Without it the file is still whole after the process is killed,
    /// and thousands of small files take seconds instead of minutes.
    /// </param>
    /// <exception cref="OneFractalException">The file or its folder cannot be written.</exception>
    public static void Write(string path, Action<Stream> write, bool flushToDisk = true)
    {
        if (string.IsNullOrWhiteSpace(path))
        {
            throw new UsageException("The name of a file to write is empty.");
        }

        var full = Path.GetFullPath(path);
        var temporary = "";
        try
        {
            if (IsDevice(full))
            {
                using var device = new FileStream(full, FileMode.Open, FileAccess.Write);
                write(device);
                return;
            }

            // A link stays one: what it leads to is written.
            full = new FileInfo(full) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName : full;
            // The process id keeps two processes that write the same file from sharing a temporary file.
            temporary = $"{full}.{Environment.ProcessId}{TemporarySuffix}";
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e)
        {
            if (temporary.Length > 0)
            {
                TryDelete(temporary);
            }

            if (e is IOException or UnauthorizedAccessException)
            {
                throw new OneFractalException($"Cannot write '{path}': {e.Message.TrimEnd('.')}. Choose another place with --output, or free it.", e);
            }

            throw;
        }
    }

    /// <summary>Writes UTF-8 text without a byte order mark.</summary>
    /// <inheritdoc cref="Write" path="/exception" />
    public static void WriteText(string path, string text)
    {
        Write(path, stream => stream.Write(new UTF8Encoding(false).GetBytes(text)));
    }

    /// <summary>Copies a file, whole or not at all; an existing one is replaced.</summary>
    /// <inheritdoc cref="Write" path="/exception" />
    public static void Copy(string from, string to)
    {
        using var source = File.OpenRead(from);
        Write(to, source.CopyTo);
    }

    /// <summary>Removes what processes that were killed while they wrote have left in a folder that nobody writes to now.</summary>
    public static void RemoveLeftovers(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, $"*{TemporarySuffix}"))
        {
            TryDelete(file);
        }
    }

    /// <summary>Whether the path is of a device, like /dev/null or /dev/stdout, in whose place no file must come.</summary>
    private static bool IsDevice(string path)
    {
        return !OperatingSystem.IsWindows() && File.Exists(path) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal)
            && (path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal));
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first error is the one worth reporting.
        }
    }
}
