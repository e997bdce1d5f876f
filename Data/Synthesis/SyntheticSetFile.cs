using System.Text.Json;
using System.Text.Json.Serialization;
using OneFractal.Data.Fractals;

namespace OneFractal.Data.Synthesis;

/// <summary>
/// <c>fractal.json</c>: everything a synthetic set is made from, so that loading it gives the same bytes. Exactly one of the three kinds
/// is present.
/// </summary>
internal sealed record SyntheticSetFile
{
    public const int CurrentVersion = 1;

    /// <summary>How it is written.</summary>
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new IteratedFunctionSystemConverter() },
    };

    /// <summary>The version of the format.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Settings of a set of fractals.</summary>
    public FractalSetSettings? Fractal { get; init; }

    /// <summary>The base systems of a set of fractals.</summary>
    public IReadOnlyList<IteratedFunctionSystem>? BaseSystems { get; init; }

    /// <summary>Settings of a set of distortions of a real image.</summary>
    public RealImageSetSettings? RealImage { get; init; }

    /// <summary>The real image, prepared, as PNG.</summary>
    public byte[]? BaseImage { get; init; }

    /// <summary>Settings of a set of noise images.</summary>
    public NoiseSetSettings? Noise { get; init; }
}
