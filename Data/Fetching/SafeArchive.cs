using System.Formats.Tar;
using System.IO.Compression;
using OneFractal.Common;

namespace OneFractal.Data.Fetching;

/// <summary>Unpacks a .tar.gz archive of plain files, and refuses everything that could write elsewhere.</summary>
internal static class SafeArchive
{
    private const long MaximumBytes = 8L << 30;

    /// <summary>Unpacks the folder <paramref name="inside"/> of the archive into <paramref name="target"/>, whole or not at all.</summary>
    /// <exception cref="DataException">The archive is damaged, has no such folder, or an entry that is not a plain file or points out of it.</exception>
    public static void Unpack(string archive, string inside, string target)
    {
        try
        {
            AtomicFolder.Beside(Path.Combine(target, $".{inside}"), temporary =>
            {
                ExtractAll(archive, temporary);
                if (!Directory.Exists(Path.Combine(temporary, inside)))
                {
                    throw new DataException($"Archive '{archive}' holds no folder '{inside}': it is not what was expected.");
                }

                Directory.Move(Path.Combine(temporary, inside), Path.Combine(target, inside));
            });
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new DataException($"Archive '{archive}' is damaged: delete it and fetch it again.", e);
        }
    }

    private static void ExtractAll(string archive, string folder)
    {
        using var file = File.OpenRead(archive);
        using var content = new GZipStream(file, CompressionMode.Decompress);
        using var tar = new TarReader(content);
        var written = 0L;
        while (tar.GetNextEntry() is { } entry)
        {
            var path = Path.GetFullPath(Path.Combine(folder, entry.Name));
            if (path != folder && !path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                throw new DataException($"Archive '{archive}' has an entry '{entry.Name}' that points out of its folder: it is not safe to unpack.");
            }

            switch (entry.EntryType)
            {
                case TarEntryType.Directory:
                    Directory.CreateDirectory(path);
                    break;
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                    written += entry.Length;
                    if (written > MaximumBytes)
                    {
                        throw new DataException($"Archive '{archive}' unpacks to more than {MaximumBytes >> 30} GiB: it is not what was expected.");
                    }

                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    entry.ExtractToFile(path, overwrite: false);
                    break;
                case TarEntryType.GlobalExtendedAttributes or TarEntryType.ExtendedAttributes:
                    break;
                default:
                    throw new DataException($"Archive '{archive}' has an entry '{entry.Name}' of kind {entry.EntryType}: only plain files are unpacked.");
            }
        }
    }
}
