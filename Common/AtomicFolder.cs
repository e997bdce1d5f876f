using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace OneFractal.Common;

/// <summary>
/// Writes folders whole or not at all: a temporary folder beside, then renames. A list of what was written stays in the folder, so that a later one may take its
/// place and a folder with files of somebody else's may not.
/// </summary>
public static class AtomicFolder
{
    /// <summary>The list of a folder's files, in JSON: their paths, with '/' between folders.</summary>
    public const string FileList = ".files.json";

    private const string Temporary = ".partial", Replaced = ".replaced";

    // Finder and Explorer leave these in what they show.
    private static readonly string[] Ignored = [".DS_Store", "Thumbs.db", "desktop.ini"];

    /// <summary>Refuses a folder that <see cref="Replace"/> would: one that is not empty and holds anything that it did not write.</summary>
    /// <exception cref="UsageException">It is such a folder.</exception>
    /// <exception cref="OneFractalException">It cannot be read.</exception>
    public static void RequireReplaceable(string folder)
    {
        Guard(folder, () =>
        {
            var full = Resolve(folder);
            if (!Directory.Exists(full) || !Directory.EnumerateFileSystemEntries(full).Any())
            {
                return;
            }

            var written = ReadList(full) ?? throw new UsageException($"'{folder}' is not empty and was not written by an export: name a new or an empty folder.");
            var known = written.Append(FileList).ToHashSet(StringComparer.Ordinal);
            if (FilesOf(full).FirstOrDefault(f => !known.Contains(f) && !Ignored.Contains(Path.GetFileName(f))) is { } other)
            {
                throw new UsageException($"'{folder}' holds '{other}', which no export wrote: move it elsewhere, or name another folder.");
            }
        });
    }

    /// <summary>
    /// Creates a folder with what <paramref name="write"/> writes into the one that it is given, or puts that in the place of an older one. When anything fails
    /// the older one is as it was; when the process ends between the two renames, the next call brings it back.
    /// </summary>
    /// <exception cref="UsageException">The folder may not be replaced: see <see cref="RequireReplaceable"/>.</exception>
    /// <exception cref="OneFractalException">The folder cannot be written.</exception>
    public static void Replace(string folder, Action<string> write)
    {
        RequireReplaceable(folder);
        Guard(folder, () =>
        {
            var full = Resolve(folder);
            Recover(full);
            Beside(full, temporary =>
            {
                write(temporary);
                var files = FilesOf(temporary).Order(StringComparer.Ordinal);
                AtomicFile.WriteText(Path.Combine(temporary, FileList), JsonSerializer.Serialize(files));
                Swap(temporary, full);
            });
        });
    }

    /// <summary>Gives <paramref name="use"/> an empty folder beside <paramref name="folder"/>, so that it can be renamed to it, and removes what is left of it.</summary>
    public static void Beside(string folder, Action<string> use)
    {
        // The process id keeps two processes apart.
        var temporary = $"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))}.{Environment.ProcessId}{Temporary}";
        try
        {
            Remove(temporary);
            Directory.CreateDirectory(temporary);
            use(temporary);
        }
        finally
        {
            Remove(temporary);
        }
    }

    private static void Swap(string temporary, string full)
    {
        if (!Directory.Exists(full))
        {
            Directory.Move(temporary, full);
            return;
        }

        var replaced = $"{full}.{Environment.ProcessId}{Replaced}";
        Remove(replaced);
        Directory.Move(full, replaced);
        try
        {
            Directory.Move(temporary, full);
        }
        catch
        {
            Directory.Move(replaced, full);
            throw;
        }

        Remove(replaced);
    }

    /// <summary>Ends what a process that was killed while it wrote this folder has left: the older folder comes back where the newer one is not in its place.</summary>
    private static void Recover(string full)
    {
        var (parent, name) = (Path.GetDirectoryName(full), Path.GetFileName(full));
        if (parent is null || !Directory.Exists(parent))
        {
            return;
        }

        foreach (var suffix in (string[])[Replaced, Temporary])
        {
            foreach (var left in Directory.GetDirectories(parent, $"{name}.*{suffix}").Where(d => IsAbandoned(Path.GetFileName(d)[(name.Length + 1)..^suffix.Length])))
            {
                if (suffix == Replaced && !Directory.Exists(full))
                {
                    Directory.Move(left, full);
                }
                else
                {
                    Remove(left);
                }
            }
        }
    }

    private static bool IsAbandoned(string processId)
    {
        if (!int.TryParse(processId, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        try
        {
            using var process = Process.GetProcessById(id);
            return process.HasExited;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    private static string[]? ReadList(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<string[]>(File.ReadAllBytes(Path.Combine(folder, FileList)));
        }
        catch (Exception e) when (e is FileNotFoundException or JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<string> FilesOf(string folder)
    {
        return Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
            .Select(f => Path.GetRelativePath(folder, f).Replace(Path.DirectorySeparatorChar, '/'));
    }

    /// <summary>The folder itself where its name is a link to it, which stays.</summary>
    private static string Resolve(string folder)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return new DirectoryInfo(full) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName : full;
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Guard(string folder, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OneFractalException($"Cannot write the folder '{folder}': {e.Message.TrimEnd('.')}. Choose another place with --output, or free it.", e);
        }
    }
}
