using System.Globalization;
using System.Text.RegularExpressions;
using OneFractal.Common;

namespace OneFractal.Data.Transforms.Augmentations;

/// <summary>RandAugment (Cubuk et al. 2019) as timm varies it, written <c>rand-m9-mstd0.5-inc1</c>.</summary>
public sealed partial record RandAugmentSettings
{
    /// <summary>The mean magnitude, 0 to 10 (<c>m</c>).</summary>
    public double Magnitude { get; init; } = 10;

    /// <summary>Standard deviation of the magnitude; infinity draws it uniformly from 0 to <see cref="Magnitude"/> (<c>mstd</c>, above 100).</summary>
    public double MagnitudeStd { get; init; }

    /// <summary>The greatest magnitude that may be drawn (<c>mmax</c>).</summary>
    public double MagnitudeMax { get; init; } = Augmentation.FullMagnitude;

    /// <summary>Operations chosen for an image, with replacement (<c>n</c>).</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Chance that a chosen operation is applied (<c>p</c>).</summary>
    public double Probability { get; init; } = 0.5;

    /// <summary>Whether the operations are those whose effect grows with the magnitude (<c>inc1</c>).</summary>
    public bool Increasing { get; init; }

    /// <summary>Parses timm's notation.</summary>
    /// <exception cref="UsageException">It is something else.</exception>
    public static RandAugmentSettings Parse(string text)
    {
        var parts = text.Split('-');
        if (parts[0] != "rand")
        {
            throw Unknown(text, parts[0]);
        }

        var settings = new RandAugmentSettings();
        foreach (var part in parts[1..])
        {
            var match = Part().Match(part);
            if (!match.Success || !double.TryParse(match.Groups[2].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            {
                throw Unknown(text, part);
            }

            settings = match.Groups[1].Value switch
            {
                "m" => settings with { Magnitude = value },
                "mstd" => settings with { MagnitudeStd = value > 100 ? double.PositiveInfinity : value },
                "mmax" => settings with { MagnitudeMax = value },
                "n" => settings with { Layers = (int)value },
                "p" => settings with { Probability = value },
                "inc" => settings with { Increasing = value != 0 },
                _ => throw Unknown(text, part),
            };
        }

        settings.Validate();
        return settings;
    }

    /// <exception cref="UsageException">A setting is out of range.</exception>
    internal void Validate()
    {
        if (!(Magnitude is >= 0 and <= 10 && MagnitudeMax is >= 0 and <= 10 && MagnitudeStd >= 0 && Layers is >= 0 and <= 20 && Probability is >= 0 and <= 1))
        {
            throw new UsageException($"RandAugment needs magnitudes from 0 to 10, 0 to 20 operations and a chance in [0, 1]: {this}.");
        }
    }

    private static UsageException Unknown(string text, string part) =>
        new($"Cannot read '{part}' in augmentation '{text}': write it like rand-m9-mstd0.5-inc1, with m, mstd, mmax, n, p and inc.");

    [GeneratedRegex(@"^([a-z]+)([0-9].*)$")]
    private static partial Regex Part();
}
