using System.IO.Enumeration;

namespace OneFractal.Inference;

/// <summary>
/// The files below a folder in ordinal order of their paths, in memory that does not grow with their number: a folder is read as often as it takes to
/// hold only so many names at a time, the smallest of those that are still to come.
/// </summary>
internal static class SortedListing
{
    /// <summary>Names held at a time; a folder of a million is read sixteen times, which takes seconds.</summary>
    public const int NamesHeld = 1 << 16;

    private static readonly EnumerationOptions Options = new() { AttributesToSkip = FileAttributes.Hidden };

    /// <summary>Paths of the wanted files, relative to <paramref name="root"/>; hidden files and folders are left out.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="wanted">Which file names are wanted.</param>
    /// <param name="depth">How many folders deep to go.</param>
    /// <param name="held">Names held at a time, for each folder on the way to a file.</param>
    public static IEnumerable<string> Of(string root, Func<string, bool> wanted, int depth = int.MaxValue, int held = NamesHeld)
    {
        return Walk(root, "", wanted, depth, held);
    }

    private static IEnumerable<string> Walk(string root, string folder, Func<string, bool> wanted, int depth, int held)
    {
        var last = "";
        string[] page;
        do
        {
            page = SmallestAfter(last, Path.Combine(root, folder), wanted, depth > 0, held);
            foreach (var name in page)
            {
                if (name[^1] != '/')
                {
                    yield return Path.Combine(folder, name);
                    continue;
                }

                foreach (var path in Walk(root, Path.Combine(folder, name[..^1]), wanted, depth - 1, held))
                {
                    yield return path;
                }
            }

            last = page.Length > 0 ? page[^1] : "";
        }
        while (page.Length == held);
    }

    /// <summary>The smallest names above <paramref name="last"/>; folders end in a slash, which gives them their place in the order of whole paths.</summary>
    private static string[] SmallestAfter(string last, string folder, Func<string, bool> wanted, bool folders, int held)
    {
        // The largest is the first to go.
        var smallest = new PriorityQueue<string, string>(Comparer<string>.Create((a, b) => string.CompareOrdinal(b, a)));
        foreach (var name in new FileSystemEnumerable<string>(folder, Name, Options))
        {
            if (string.CompareOrdinal(name, last) <= 0 || !(name[^1] == '/' ? folders : wanted(name)))
            {
                continue;
            }

            if (smallest.Count < held)
            {
                smallest.Enqueue(name, name);
            }
            else
            {
                smallest.EnqueueDequeue(name, name);
            }
        }

        var names = new string[smallest.Count];
        for (var i = names.Length - 1; i >= 0; i--)
        {
            names[i] = smallest.Dequeue();
        }

        return names;
    }

    private static string Name(ref FileSystemEntry entry)
    {
        return entry.IsDirectory && !LeadsBack(ref entry) ? $"{entry.FileName}/" : entry.FileName.ToString();
    }

    /// <summary>Whether a link leads to a folder that it lies in: following it would never end.</summary>
    private static bool LeadsBack(ref FileSystemEntry entry)
    {
        return entry.Attributes.HasFlag(FileAttributes.ReparsePoint)
            && entry.ToFileSystemInfo().ResolveLinkTarget(returnFinalTarget: true) is { } target
            && $"{entry.Directory}/".StartsWith($"{target.FullName.TrimEnd('/')}/", StringComparison.Ordinal);
    }
}
