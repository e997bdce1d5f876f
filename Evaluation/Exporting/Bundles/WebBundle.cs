using System.Text.Json.Nodes;

namespace OneFractal.Evaluation;

/// <summary>
/// For onnxruntime-web: <c>model.onnx</c>, <c>config.json</c> with all that a page needs to feed it and to name its outputs, flat and with one key a fact,
/// and of a classifier a page that does.
/// </summary>
internal static class WebBundle
{
    /// <summary>Name of the model's file.</summary>
    public const string Model = "model.onnx";

    public static IEnumerable<BundleFile> Files(BundleSource source)
    {
        var config = Config(source);
        return
        [
            .. source.Model(Model), BundleFile.Text("config.json", config.ToJsonString(BundleJson.Options)),
            .. HasPage(source.Deployed, source.Metadata) ? WebPage.Files(source, config) : [],
        ];
    }

    /// <summary>Whether the model gives scores of classes with names, which a page can show.</summary>
    public static bool HasPage(OnnxModel deployed, ModelMetadata metadata)
    {
        return metadata.Labels.Count > 0 && TensorInfo.From(deployed.Graph.Output[0]) is { Shape: [_, var classes] } && (classes.Value ?? metadata.Labels.Count) == metadata.Labels.Count;
    }

    private static JsonObject Config(BundleSource source)
    {
        var p = source.Metadata.Preprocessing;
        return new JsonObject
        {
            ["model"] = Model,
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
