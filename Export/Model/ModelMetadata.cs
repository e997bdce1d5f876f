using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OneFractal.Export;

/// <summary>
/// What a model file says of itself beyond the graph: how to feed it, what its outputs mean and where it came from. Stored in the model and
/// as a JSON file beside it, in the shape of timm's <c>config.json</c>; OneFractal's own entries are under <c>onefractal</c>.
/// </summary>
public sealed record ModelMetadata
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new(Compact) { WriteIndented = true };

    /// <summary>timm-style architecture name, e.g. <c>vit_tiny_patch16_224</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Length of the pooled feature vector.</summary>
    public required int NumFeatures { get; init; }

    /// <summary>How an image becomes the input.</summary>
    public required Preprocessing Preprocessing { get; init; }

    /// <summary>Class names in the order of the logits; empty without a classification head.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Free-form provenance: recipe, seed, fractal parameters, accuracy.</summary>
    public IReadOnlyDictionary<string, string> Provenance { get; init; } = new Dictionary<string, string>();

    /// <summary>JSON in the shape of timm's <c>config.json</c>.</summary>
    public string ToJson(bool indented = true)
    {
        var p = Preprocessing;
        var root = new JsonObject
        {
            ["architecture"] = Architecture,
            ["num_classes"] = Labels.Count,
            ["num_features"] = NumFeatures,
            ["pretrained_cfg"] = new JsonObject
            {
                ["input_size"] = new JsonArray(p.Channels, p.Height, p.Width),
                ["interpolation"] = p.Interpolation.ToString().ToLowerInvariant(),
                ["crop_pct"] = p.CropFraction,
                ["crop_mode"] = "center",
                ["mean"] = new JsonArray([.. p.Mean.Select(v => JsonValue.Create(v))]),
                ["std"] = new JsonArray([.. p.Std.Select(v => JsonValue.Create(v))]),
                ["num_classes"] = Labels.Count,
            },
            ["onefractal"] = new JsonObject(Provenance.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)JsonValue.Create(e.Value)))),
        };
        if (Labels.Count > 0)
        {
            root["label_names"] = new JsonArray([.. Labels.Select(l => JsonValue.Create(l))]);
        }

        return root.ToJsonString(indented ? Indented : Compact);
    }

    /// <summary>Reads what <see cref="ToJson"/> or timm wrote.</summary>
    /// <exception cref="ModelException">A needed entry is missing or of the wrong kind.</exception>
    public static ModelMetadata FromJson(string json, string source)
    {
        try
        {
            var root = JsonNode.Parse(json)?.AsObject() ?? throw new FormatException("it is null");
            var cfg = Entry(root, "pretrained_cfg").AsObject();
            var size = Entry(cfg, "input_size").AsArray().Select(v => v!.GetValue<int>()).ToArray();
            if (size.Length != 3 || size[0] is not (1 or 3) || size[1] is < 1 or > 16384 || size[2] is < 1 or > 16384)
            {
                throw new FormatException($"input_size [{string.Join(", ", size)}] is not [1 or 3, height, width]");
            }

            float[] PerChannel(string key)
            {
                var values = Entry(cfg, key).AsArray().Select(v => v!.GetValue<float>()).ToArray();
                return values.Length == size[0] && values.All(float.IsFinite)
                    ? values
                    : throw new FormatException($"{key} must have {size[0]} finite numbers");
            }

            var cropFraction = cfg["crop_pct"]?.GetValue<double>() ?? 1.0;
            if (cropFraction is not (>= 0.01 and <= 1))
            {
                throw new FormatException($"crop_pct {cropFraction} is not in [0.01, 1]");
            }

            var std = PerChannel("std");
            if (!std.All(v => v > 0))
            {
                throw new FormatException("std must be above 0");
            }

            var name = cfg["interpolation"]?.GetValue<string>() ?? "bilinear";
            if (!Enum.TryParse<Interpolation>(name, ignoreCase: true, out var interpolation) || !Enum.IsDefined(interpolation))
            {
                throw new FormatException($"the interpolation '{name}' is not known");
            }

            return new ModelMetadata
            {
                Architecture = root["architecture"]?.GetValue<string>() ?? "",
                NumFeatures = root["num_features"]?.GetValue<int>() ?? 0,
                Preprocessing = new Preprocessing(size[0], size[1], size[2])
                {
                    Mean = PerChannel("mean"),
                    Std = std,
                    Interpolation = interpolation,
                    CropFraction = cropFraction,
                },
                Labels = root["label_names"]?.AsArray().Select(v => v!.GetValue<string>()).ToArray() ?? [],
                Provenance = root["onefractal"]?.AsObject().ToDictionary(e => e.Key, e => e.Value?.ToString() ?? "") ?? [],
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or FormatException or ArgumentException)
        {
            throw new ModelException($"'{source}': its metadata cannot be read ({e.Message.Split('\n')[0].TrimEnd('.')}).", e);
        }
    }

    private static JsonNode Entry(JsonObject parent, string key) => parent[key] ?? throw new FormatException($"'{key}' is missing");
}
