using System.Globalization;
using System.Text.Json.Nodes;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>
/// For Hugging Face Transformers and Transformers.js: <c>config.json</c>, <c>preprocessor_config.json</c>, <c>model.safetensors</c>, and <c>onnx/model.onnx</c> with
/// the names that the latter feeds and reads; other precisions by its suffixes. ViT, ResNet and Swin are Transformers' own classes; other architectures are
/// <c>timm_wrapper</c>, which runs them on timm, and which Transformers.js opens by <c>AutoModel</c>.
/// </summary>
internal static class HuggingFaceBundle
{
    private const string Pixels = "pixel_values";

    private static readonly Dictionary<ExportPrecision, string> Suffixes = new()
    {
        [ExportPrecision.Float32] = "", [ExportPrecision.Float16] = "_fp16", [ExportPrecision.Int8] = "_quantized", [ExportPrecision.Int8Static] = "_int8",
    };

    public static IEnumerable<BundleFile> Files(BundleSource source)
    {
        var network = TransformersNetwork.Of(source.Trained);
        var config = network is null ? Wrapped(source) : Native(source, network);
        IReadOnlyCollection<Export.Onnx.TensorProto>? weights = network?.Weights;
        return
        [
            BundleFile.Text("config.json", config.ToJsonString(BundleJson.Options)),
            BundleFile.Text("preprocessor_config.json", Preprocessor(source.Metadata.Preprocessing).ToJsonString(BundleJson.Options)),
            new BundleFile("model.safetensors", path => _ = weights is null ? BackboneWeights.Save(source.Trained, path) : BackboneWeights.Write(weights, path)),
            .. source.Variants.SelectMany(v => source.Model($"onnx/model{Suffixes[v.Precision]}.onnx", Named(source, v.Model))),
        ];
    }

    private static OnnxModel Named(BundleSource source, OnnxModel model)
    {
        var output = source.Metadata.Labels.Count > 0 ? "logits" : "pooler_output";
        return ValueNames.Rename(ValueNames.Rename(model, source.InputName, Pixels), model.Graph.Output[0].Name, output);
    }

    private static JsonObject Native(BundleSource source, TransformersNetwork network)
    {
        var config = new JsonObject { ["architectures"] = new JsonArray(network.ClassName), ["model_type"] = network.ModelType };
        foreach (var (key, value) in network.Config)
        {
            config[key] = value?.DeepClone();
        }

        AddLabels(config, source.Metadata.Labels);
        config["torch_dtype"] = "float32";
        return config;
    }

    private static JsonObject Wrapped(BundleSource source)
    {
        var config = TimmBundle.Config(source);
        config["architectures"] = new JsonArray(source.Metadata.Labels.Count > 0 ? "TimmWrapperForImageClassification" : "TimmWrapperModel");
        config["model_type"] = "timm_wrapper";
        AddLabels(config, source.Metadata.Labels);
        return config;
    }

    private static void AddLabels(JsonObject config, IReadOnlyList<string> labels)
    {
        if (labels.Count > 0)
        {
            string Number(int i) => i.ToString(CultureInfo.InvariantCulture);
            config["id2label"] = new JsonObject(labels.Select((l, i) => KeyValuePair.Create(Number(i), (JsonNode?)l)));
            config["label2id"] = new JsonObject(labels.Select((l, i) => (Label: l, Index: i)).DistinctBy(p => p.Label).Select(p => KeyValuePair.Create(p.Label, (JsonNode?)p.Index)));
        }
    }

    /// <summary>Resize of the shorter side and centre crop: what Transformers calls Bit's, after the first model that had it.</summary>
    private static JsonObject Preprocessor(Preprocessing p) => new()
    {
        ["image_processor_type"] = "BitImageProcessor",
        ["do_convert_rgb"] = true,
        ["do_resize"] = true,
        ["size"] = new JsonObject { ["shortest_edge"] = (int)(Math.Min(p.Height, p.Width) / p.CropFraction) },
        // PIL's numbers.
        ["resample"] = p.Interpolation switch { Interpolation.Nearest => 0, Interpolation.Bilinear => 2, _ => 3 },
        ["do_center_crop"] = true,
        ["crop_size"] = new JsonObject { ["height"] = p.Height, ["width"] = p.Width },
        ["do_rescale"] = true,
        ["rescale_factor"] = 1.0 / byte.MaxValue,
        ["do_normalize"] = true,
        ["image_mean"] = BundleJson.Numbers(p.Mean),
        ["image_std"] = BundleJson.Numbers(p.Std),
    };
}
