using System;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Marks one required symbol version of an ELF64 library weak (<c>vna_flags |= VER_FLG_WEAK</c> in <c>.gnu.version_r</c>),
/// so that a system whose libstdc++ does not know the version still loads the library. Does nothing where the system does.
/// </summary>
public class WeakenSymbolVersion : Task
{
    private const uint ShtGnuVerneed = 0x6ffffffe;
    private const ushort VerFlgWeak = 2;

    private static readonly string[] SystemLibraries =
    {
        "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/lib/x86_64-linux-gnu/libstdc++.so.6",
        "/usr/lib64/libstdc++.so.6", "/lib64/libstdc++.so.6", "/usr/lib/libstdc++.so.6",
    };

    [Required]
    public string Library { get; set; }

    /// <summary>The file in the package cache that the library was copied or linked from.</summary>
    [Required]
    public string Source { get; set; }

    [Required]
    public string SymbolVersion { get; set; }

    public override bool Execute()
    {
        var system = SystemLibraries.FirstOrDefault(File.Exists);
        if (system != null && Contains(File.ReadAllBytes(system), SymbolVersion))
        {
            return true;
        }

        var bytes = File.ReadAllBytes(Library);
        var flags = FindFlags(bytes);
        if (flags < 0 || (bytes[flags] & VerFlgWeak) != 0)
        {
            return true;
        }

        bytes[flags] |= (byte)VerFlgWeak;
        // The output may be a link into the package cache: replace the link, never write through it.
        var temporary = Library + ".tmp";
        File.WriteAllBytes(temporary, bytes);
        // With the time of its source it counts as up to date: the next build leaves it alone, also under a running program.
        File.SetLastWriteTimeUtc(temporary, File.GetLastWriteTimeUtc(Source));
        File.Delete(Library);
        File.Move(temporary, Library);
        Log.LogMessage(MessageImportance.Normal, "Marked {0} weak in {1}", SymbolVersion, Library);
        return true;
    }

    private static bool Contains(byte[] bytes, string text)
    {
        return Encoding.ASCII.GetString(bytes).IndexOf(text + "\0", StringComparison.Ordinal) >= 0;
    }

    /// <summary>Offset of the flags of the requirement's auxiliary entry, or -1.</summary>
    private int FindFlags(byte[] bytes)
    {
        var sections = (int)BitConverter.ToInt64(bytes, 0x28);
        int entrySize = BitConverter.ToUInt16(bytes, 0x3A), count = BitConverter.ToUInt16(bytes, 0x3C);
        for (var i = 0; i < count; i++)
        {
            var header = sections + i * entrySize;
            if (BitConverter.ToUInt32(bytes, header + 4) != ShtGnuVerneed)
            {
                continue;
            }

            var strings = (int)BitConverter.ToInt64(bytes, sections + BitConverter.ToInt32(bytes, header + 0x28) * entrySize + 0x18);
            var need = (int)BitConverter.ToInt64(bytes, header + 0x18);
            for (int next = -1; next != 0; need += next)
            {
                var aux = need + BitConverter.ToInt32(bytes, need + 8);
                for (int left = BitConverter.ToUInt16(bytes, need + 2); left > 0; left--)
                {
                    var name = strings + BitConverter.ToInt32(bytes, aux + 8);
                    var end = Array.IndexOf(bytes, (byte)0, name);
                    if (Encoding.ASCII.GetString(bytes, name, end - name) == SymbolVersion)
                    {
                        return aux + 4;
                    }

                    aux += BitConverter.ToInt32(bytes, aux + 12);
                }

                next = BitConverter.ToInt32(bytes, need + 12);
            }
        }

        return -1;
    }
}
