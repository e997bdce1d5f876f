using System.Globalization;

namespace OneFractal.Cli.Settings;

/// <summary>Numbers with commas between them, as in <c>--mean 0.485,0.456,0.406</c>.</summary>
internal static class NumberList
{
    /// <summary>The numbers of an option, or null where it is not given.</summary>
    /// <exception cref="UsageException">Something else than numbers.</exception>
    public static float[]? Parse(string option, string? text)
    {
        return text is null ? null : [.. text.Split(',').Select(part =>
            float.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value
                : throw new UsageException($"{option}: '{part}' in '{text}' is not a number: write {option} 0.485,0.456,0.406."))];
    }
}
