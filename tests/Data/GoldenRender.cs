using System.Text.Json;
using System.Text.Json.Serialization;
using OneFractal.Data.Fractals;

namespace OneFractal.Tests.Data;

/// <summary>One entry of <c>reference_renders.json</c>: what the published generator drew for a system.</summary>
internal sealed record GoldenRender(
    double[][] Transforms,
    [property: JsonPropertyName("noise_seed")] ulong NoiseSeed,
    double[][] Noise,
    double Delta,
    int Iterations,
    [property: JsonPropertyName("mask_mode")] MaskMode MaskMode,
    int Size,
    int Pad,
    string Sha256,
    int Nonzero,
    [property: JsonPropertyName("fill_rate")] double FillRate,
    [property: JsonPropertyName("row_sums")] int[] RowSums)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNameCaseInsensitive = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public IteratedFunctionSystem Base => new(Transforms.Select(t => new AffineMap(t[0], t[1], t[2], t[3], t[4], t[5], t[6])));

    public RenderSettings Settings => new() { Size = Size, Points = Iterations, Pad = Pad, Mask = MaskMode };

    public static IReadOnlyList<GoldenRender> All { get; } = JsonSerializer.Deserialize<GoldenRender[]>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", "reference_renders.json")), Options)!;
}
