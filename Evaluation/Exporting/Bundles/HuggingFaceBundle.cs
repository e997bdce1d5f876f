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

    // What Transformers.js calls the files of these suffixes.
    private static readonly Dictionary<ExportPrecision, string> Types = new()
    {
        [ExportPrecision.Float32] = "fp32", [ExportPrecision.Float16] = "fp16", [ExportPrecision.Int8] = "q8", [ExportPrecision.Int8Static] = "int8",
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
            BundleFile.Text("README.md", Readme(source, network)),
        ];
    }

    private static string Readme(BundleSource source, TransformersNetwork? network)
    {
        var isClassifier = source.Metadata.Labels.Count > 0;
        var auto = isClassifier ? "AutoModelForImageClassification" : "AutoModel";
        var (task, options, result) = isClassifier ? ("image-classification", "", "labels") : ("image-feature-extraction", ", { pool: true }", "features");
        var read = isClassifier ? "label = model.config.id2label[outputs.logits.argmax(-1).item()]"
            : network?.ModelType == "vit" ? "features = outputs.last_hidden_state[:, 0]"
            : "features = outputs.pooler_output.flatten(1)";
        var pooler = network?.ModelType != "vit" || isClassifier ? "" : """

            The features are the class token's. `ViTModel` puts a pooling layer behind it, which this network was not trained with: the one in `model.safetensors` changes
            nothing (ones on the diagonal; `"pooler_act": "linear"`), so that `pooler_output` is the same, and no layer is random. Transformers before 4.51 puts a tanh there:
            read `last_hidden_state[:, 0]`, or load `ViTModel.from_pretrained(".", add_pooling_layer=False)`.

            """;
        return $$"""
            # {{source.Metadata.Architecture}} for Transformers

            Python ({{(network is null ? "transformers and timm" : "transformers")}}):

            ```python
            processor = AutoImageProcessor.from_pretrained(".")
            model = {{auto}}.from_pretrained(".").eval()
            outputs = model(**processor(image, return_tensors="pt"))
            {{read}}
            ```
            {{pooler}}
            JavaScript (@huggingface/transformers), from `onnx/`:

            ```js
            env.localModelPath = '..';
            const run = await pipeline('{{task}}', '{{source.Name}}', { dtype: '{{Types[source.Variants[0].Precision]}}' });
            const {{result}} = await run('image.png'{{options}});
            ```

            """;
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
