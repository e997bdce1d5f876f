using System.Text.Json.Nodes;

namespace OneFractal.Evaluation;

/// <summary>
/// For onnxruntime-web: <c>model.onnx</c>, and <c>config.json</c> with all that a page needs to feed it and to name its outputs, flat and with one key a fact.
/// </summary>
internal static class WebBundle
{
    public static IEnumerable<BundleFile> Files(BundleSource source)
    {
        return [.. source.Model("model.onnx"), BundleFile.Text("config.json", Config(source).ToJsonString(BundleJson.Options))];
    }

    private static JsonObject Config(BundleSource source)
    {
        var p = source.Metadata.Preprocessing;
        return new JsonObject
        {
            ["model"] = "model.onnx",
            ["architecture"] = source.Metadata.Architecture,
            ["input"] = source.InputName,
            ["output"] = source.OutputName,
            ["channels"] = p.Channels,
            ["height"] = p.Height,
            ["width"] = p.Width,
            ["mean"] = BundleJson.Numbers(p.Mean),
            ["std"] = BundleJson.Numbers(p.Std),
            ["crop_pct"] = p.CropFraction,
            ["interpolation"] = p.Interpolation.ToString().ToLowerInvariant(),
            ["batch"] = source.Batch is { } batch ? JsonValue.Create(batch) : null,
            ["labels"] = BundleJson.Strings(source.Metadata.Labels),
        };
    }
}
