using System.Text.RegularExpressions;
using OneFractal.Data;
using OneFractal.Data.Readers;

namespace OneFractal.Inference;

/// <summary>Turns what a user names (files, folders, globs) into image files.</summary>
public static partial class ImageFiles
{
    /// <summary>
    /// The image files of <paramref name="arguments"/>, in their order: a file is itself; a folder is all images at any depth below it; a
    /// glob (<c>*</c>, <c>?</c>, <c>**</c> for any depth) is the images it matches. Folders and globs give their files in ordinal order
    /// and skip hidden ones. What does not exist is returned as it is, so that reading it says so.
    /// </summary>
    /// <exception cref="DataException">A folder holds no images.</exception>
    public static IEnumerable<string> Find(IEnumerable<string> arguments) => arguments.SelectMany(Find);

    private static IEnumerable<string> Find(string argument)
    {
        if (File.Exists(argument))
        {
            return [argument];
        }

        if (Directory.Exists(argument))
        {
            var images = List(argument, _ => true);
            return images.Length > 0
                ? images
                : throw new DataException($"'{argument}' holds no images: images end in {string.Join(' ', ImageDecoder.Suffixes)}.");
        }

        var wildcard = argument.IndexOfAny(['*', '?']);
        if (wildcard < 0)
        {
            return [argument];
        }

        var slash = argument.LastIndexOfAny(['/', Path.DirectorySeparatorChar], wildcard);
        var folder = slash < 0 ? "" : argument[..(slash + 1)];
        var pattern = GlobPattern(argument[(slash + 1)..]);
        var matches = Directory.Exists(slash < 0 ? "." : folder) ? List(folder, pattern.IsMatch) : [];
        return matches.Length > 0 ? matches : [argument];
    }

    private static string[] List(string folder, Func<string, bool> wanted)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden };
        var root = folder.Length == 0 ? "." : folder;
        string[] files = [.. Directory.EnumerateFiles(root, "*", options)
            .Where(ImageDecoder.HasImageSuffix)
            .Select(path => Path.GetRelativePath(root, path))
            .Where(path => wanted(path.Replace(Path.DirectorySeparatorChar, '/')))];
        Array.Sort(files, string.CompareOrdinal);
        return [.. files.Select(path => Path.Combine(folder, path))];
    }

    private static Regex GlobPattern(string glob)
    {
        var pattern = GlobToken().Replace(glob.Replace('\\', '/'), token => token.Value switch
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
