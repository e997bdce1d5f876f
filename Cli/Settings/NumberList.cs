using System.Globalization;
using System.Numerics;

namespace OneFractal.Cli.Settings;

/// <summary>Numbers with commas between them, as in <c>--mean 0.485,0.456,0.406</c>.</summary>
internal static class NumberList
{
    /// <summary>The numbers of an option, or null where it is not given.</summary>
    /// <typeparam name="T">The kind of number.</typeparam>
    /// <exception cref="UsageException">Something else than numbers of that kind.</exception>
    public static T[]? Parse<T>(string option, string? text)
        where T : struct, INumber<T>
    {
        var (kind, example) = typeof(T) == typeof(int) ? ("whole number", "1,5,10") : ("number", "0.485,0.456,0.406");
        return text is null ? null : [.. text.Split(',').Select(part =>
            T.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value
                : throw new UsageException($"{option}: '{part}' in '{text}' is not a {kind}: write {option} {example}."))];
    }
}
