namespace OneFractal.Export;

/// <summary>The path of a file or folder with every symbolic link on the way followed.</summary>
internal static class RealPath
{
    // As in Linux.
    private const int MostLinks = 40;

    /// <summary>Follows the links in an absolute path; parts that do not exist are kept as they are.</summary>
    /// <exception cref="ModelException">Links that lead round in a circle.</exception>
    public static string Of(string path)
    {
        var root = Path.GetPathRoot(path)!;
        var (real, links) = (root, 0);
        var parts = new Stack<string>(Parts(path[root.Length..]));
        while (parts.TryPop(out var part))
        {
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
                continue;
            }

            var next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
            {
                throw new ModelException($"'{path}' leads through more than {MostLinks} symbolic links.");
            }

            if (Path.IsPathRooted(target))
            {
                real = Path.GetPathRoot(target)!;
                target = target[real.Length..];
            }

            foreach (var step in Parts(target))
            {
                parts.Push(step);
            }
        }

        return real;
    }

    private static IEnumerable<string> Parts(string path)
    {
        return path.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar).Where(p => p is not ("" or ".")).Reverse();
    }
}
