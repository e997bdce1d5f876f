using System.Text.Json.Nodes;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>
/// For timm: <c>config.json</c> and <c>model.safetensors</c>, as <c>timm.create_model("local-dir:FOLDER", pretrained=True)</c> and repositories of the hub have
/// them.
/// </summary>
internal static class TimmBundle
{
    public static IEnumerable<BundleFile> Files(BundleSource source)
    {
        var config = Config(source);
        return
        [
            BundleFile.Text("config.json", config.ToJsonString(BundleJson.Options)),
            new BundleFile("model.safetensors", path => BackboneWeights.Save(source.Trained, path)),
        ];
    }

    /// <summary>timm's description of the model.</summary>
    /// <exception cref="UsageException">timm has no such network.</exception>
    public static JsonObject Config(BundleSource source)
    {
        var network = TimmNetwork.Of(source.Trained) ?? throw new UsageException(
            $"timm has no network that takes the weights of '{source.Trained.Source}' ({source.Metadata.Architecture}): export another architecture of 'backbone list', or the graph by --for onnxruntime.");
        var config = JsonNode.Parse(source.Metadata.ToJson())!.AsObject();
        config["architecture"] = network.Architecture;
        if (network.Arguments.Count > 0)
        {
            config["model_args"] = network.Arguments.DeepClone();
        }

        var pretrained = config["pretrained_cfg"]!.AsObject();
        pretrained["architecture"] = network.Architecture;
        pretrained["custom_load"] = false;
        pretrained["first_conv"] = network.FirstConvolution;
        pretrained["classifier"] = source.Trained.HeadModule;
        return config;
    }
}
