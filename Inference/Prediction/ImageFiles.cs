using System.Text.RegularExpressions;
using OneFractal.Data;
using OneFractal.Data.Readers;

namespace OneFractal.Inference;

/// <summary>Turns what a user names (files, folders, globs, lists) into image files, as they are asked for: memory does not grow with their number.</summary>
public static partial class ImageFiles
{
    /// <summary>
    /// The image files of <paramref name="arguments"/>, in their order: a file is itself; a folder is all images at any depth below it; a
    /// glob (<c>*</c>, <c>?</c>, <c>**</c> for any depth) is the images it matches. Folders and globs give their files in ordinal order of their
    /// paths and skip hidden ones. What does not exist is returned as it is, so that reading it says so.
    /// </summary>
    /// <exception cref="DataException">A folder holds no images; it comes when its first is asked for.</exception>
    public static IEnumerable<string> Find(IEnumerable<string> arguments) => arguments.SelectMany(Find);

    /// <summary>The paths of a list, one a line, as they come; lines that are empty are left out.</summary>
    /// <param name="reader">The list, such as standard input.</param>
    /// <param name="cancellation">Ends the wait for a line.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IEnumerable<string> ReadList(TextReader reader, CancellationToken cancellation = default)
    {
        // A read from a terminal or a pipe cannot be broken off, but it can be left alone.
        while (Task.Run(reader.ReadLine, CancellationToken.None).WaitAsync(cancellation).GetAwaiter().GetResult() is { } line)
        {
            if (line.Length > 0)
            {
                yield return line;
            }
        }
    }

    private static IEnumerable<string> Find(string argument)
    {
        if (Directory.Exists(argument))
        {
            return OrElse(List(argument), () => throw new DataException($"'{argument}' holds no images: images end in {string.Join(' ', ImageDecoder.Suffixes)}."));
        }

        var wildcard = argument.IndexOfAny(['*', '?']);
        if (wildcard < 0 || File.Exists(argument))
        {
            return [argument];
        }

        var slash = argument.LastIndexOfAny(['/', Path.DirectorySeparatorChar], wildcard);
        var folder = slash < 0 ? "" : argument[..(slash + 1)];
        var glob = argument[(slash + 1)..].Replace('\\', '/');
        var pattern = GlobPattern(glob);
        var depth = glob.Contains("**", StringComparison.Ordinal) ? int.MaxValue : glob.Count(c => c == '/');
        return OrElse(
            Directory.Exists(slash < 0 ? "." : folder) ? List(folder, depth).Where(path => pattern.IsMatch(path[folder.Length..].Replace(Path.DirectorySeparatorChar, '/'))) : [],
            () => argument);
    }

    /// <summary>The images in <paramref name="folder"/>, which their paths begin with as it is written, and up to <paramref name="depth"/> folders below it.</summary>
    private static IEnumerable<string> List(string folder, int depth = int.MaxValue)
    {
        return SortedListing.Of(folder.Length == 0 ? "." : folder, ImageDecoder.HasImageSuffix, depth).Select(path => Path.Combine(folder, path));
    }

    private static IEnumerable<string> OrElse(IEnumerable<string> paths, Func<string> instead)
    {
        var any = false;
        foreach (var path in paths)
        {
            any = true;
            yield return path;
        }

        if (!any)
        {
            yield return instead();
        }
    }

    private static Regex GlobPattern(string glob)
    {
        var pattern = GlobToken().Replace(glob, token => token.Value switch
        {
            "**/" => "(?:.*/)?",
            "**" => ".*",
            "*" => "[^/]*",
            "?" => "[^/]",
            var text => Regex.Escape(text),
        });
        return new Regex($"^{pattern}$", RegexOptions.CultureInvariant);
    }

    [GeneratedRegex(@"\*\*/|\*\*|\*|\?|[^*?]+")]
    private static partial Regex GlobToken();
}
