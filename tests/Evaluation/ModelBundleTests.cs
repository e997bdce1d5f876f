using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Common;
using OneFractal.Data.Transforms;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Tests.Data;
using OneFractal.Tests.Export;
using OneFractal.Tests.JavaScript;
using OneFractal.Training;

namespace OneFractal.Tests.Evaluation;

/// <summary>What <c>export --for</c> writes, loaded where the stack can be had.</summary>
[TestClass]
public sealed class ModelBundleTests
{
    // The part of Triton's model_config.proto that is written, with its field numbers.
    private const string TritonSchema = """
        syntax = "proto3";
        package inference;
        enum DataType { TYPE_INVALID = 0; TYPE_UINT8 = 2; TYPE_FP32 = 11; }
        message ModelInput { string name = 1; DataType data_type = 2; repeated int64 dims = 4; }
        message ModelOutput { string name = 1; DataType data_type = 2; repeated int64 dims = 3; string label_filename = 4; }
        message ModelDynamicBatching { uint64 max_queue_delay_microseconds = 2; }
        message ModelConfig {
          string name = 1; string backend = 17; int32 max_batch_size = 4; repeated ModelInput input = 5; repeated ModelOutput output = 6;
          ModelDynamicBatching dynamic_batching = 11;
        }
        """;

    [TestMethod]
    public void Web_HasTheModel_AndAllThatAPageMustKnow()
    {
        using var folder = new TempFolder();
        var report = Export(folder, "vit-nano", BundleKind.Web);
        CollectionAssert.IsSubsetOf(new[] { "model.onnx", "config.json" }, report.Files.ToArray());
        using var config = Json(folder["out", "config.json"]);
        var root = config.RootElement;
        CollectionAssert.AreEqual(TestModels.Labels, root.GetProperty("labels").EnumerateArray().Select(l => l.GetString()).ToArray());
        Assert.AreEqual(32, root.GetProperty("height").GetInt32());
        Assert.AreEqual("bilinear", root.GetProperty("interpolation").GetString());
        Assert.AreEqual("images", root.GetProperty("input").GetString());
        Assert.AreEqual("logits", root.GetProperty("output").GetString());
        using var runner = ModelRunner.Load(folder["out", root.GetProperty("model").GetString()!]);
        Assert.AreEqual(5, runner.OutputLength);
    }

    [TestMethod]
    public void Triton_IsAFolderOfAModelRepository()
    {
        using var folder = new TempFolder();
        var report = Export(folder, "vit-nano", BundleKind.Triton);
        CollectionAssert.AreEqual(new[] { "config.pbtxt", "1/model.onnx", "labels.txt" }, report.Files.ToArray());
        CollectionAssert.AreEqual(TestModels.Labels, File.ReadAllLines(folder["out", "labels.txt"]));
        Assert.AreEqual(
            """
            name: "out"
            max_batch_size: 64
            input {
              name: "images"
              data_type: TYPE_FP32
              dims: 3
              dims: 32
              dims: 32
            }
            output {
              name: "logits"
              data_type: TYPE_FP32
              dims: 5
              label_filename: "labels.txt"
            }
            dynamic_batching {
              max_queue_delay_microseconds: 100
            }
            backend: "onnxruntime"

            """,
            TritonText(folder, folder["out", "config.pbtxt"]));

        // Of one batch size and of photos: all dimensions are said, and nothing is put together.
        ModelExport.Run(folder["trained.onnx"], folder["fix"], new ModelExportSettings { For = BundleKind.Triton, Batch = 4, EmbedPreprocessing = true });
        var text = TritonText(folder, folder["fix", "config.pbtxt"]);
        Assert.Contains("data_type: TYPE_UINT8\n  dims: 4\n  dims: -1\n  dims: -1\n  dims: 3\n", text);
        Assert.DoesNotContain("dynamic_batching", text);
    }

    [TestMethod]
    [DataRow("vit-nano")]
    [DataRow("resnet-micro")]
    public void OpenCv_GetsOneBatchSize_AndWasCompared(string name)
    {
        using var folder = new TempFolder();
        var report = Export(folder, name, BundleKind.OpenCv);
        CollectionAssert.AreEqual(new[] { "model.onnx", "labels.txt", "README.md" }, report.Files.ToArray());
        var model = OnnxModel.Load(folder["out", "model.onnx"]);
        Assert.AreEqual("float[1, 3, 32, 32]", TensorInfo.From(model.Graph.Input[0])!.ToString());
        Assert.DoesNotContain(n => n.OpType is "Dropout" or "Identity", model.Graph.Node);
        var readme = File.ReadAllText(folder["out", "README.md"]);
        Assert.Contains("net.setInput(cv::dnn::blobFromImage(image));\ncv::Mat logits = net.forward(\"logits\"); // float[1, 5]\n", readme);

        using var net = OpenCvSharp.Dnn.CvDnn.ReadNetFromOnnx(folder["out", "model.onnx"])!;
        var pixels = TestModels.Noise(3 * 32 * 32);
        using var blob = OpenCvSharp.Mat.FromPixelData([1, 3, 32, 32], OpenCvSharp.MatType.CV_32F, pixels);
        net.SetInput(blob);
        using var output = net.Forward();
        using var runner = ModelRunner.Load(folder["trained.onnx"]);
        var expected = new float[5];
        runner.Run(pixels, 1, expected);
        DeployedOutputs.AssertEqual([expected], [output.AsSpan<float>().ToArray()], 1e-5);
    }

    [TestMethod]
    public void Readmes_KnowTheBatch_AndNamesThatAreNoVariables()
    {
        using var folder = new TempFolder();
        ValueNames.Rename(TestModels.Classifier(), "logits", "my/out:0").Save(folder["slashes.onnx"]);
        ModelExport.Run(folder["slashes.onnx"], folder["cv"], new ModelExportSettings { For = BundleKind.OpenCv, Batch = 4 });
        var readme = File.ReadAllText(folder["cv", "README.md"]);
        Assert.Contains("// std::vector<cv::Mat> images, always 4 of them", readme);
        Assert.Contains("    cv::divide(image, ", readme);
        Assert.Contains("net.setInput(cv::dnn::blobFromImages(images));\ncv::Mat my_out_0 = net.forward(\"my/out:0\"); // float[4, 5], a row an image\n", readme);

        // A name that the code around it has already.
        ValueNames.Rename(TestModels.Classifier(), "logits", "output").Save(folder["plain.onnx"]);
        ModelExport.Run(folder["plain.onnx"], folder["ort"], new ModelExportSettings { For = BundleKind.OnnxRuntime });
        Assert.Contains("ReadOnlySpan<float> output_values = outputs[0]", File.ReadAllText(folder["ort", "README.md"]));
    }

    [TestMethod]
    public void ABundleIsReplacedAsAWhole_OrStays()
    {
        using var folder = new TempFolder();
        Export(folder, "vit-nano", BundleKind.HuggingFace);
        var before = Contents(folder["out"]);

        // Graph and page are written when the fifth file cannot be: the older bundle is as it was, and nothing is beside it.
        using var packages = new TempFolder();
        Directory.CreateDirectory(packages["node_modules", "onnxruntime-web"]);
        File.WriteAllText(packages["node_modules", "onnxruntime-web", "package.json"], """{"version": "1.0.0"}""");
        var model = OnnxModel.Load(folder["trained.onnx"]);
        var source = new BundleSource(
            model, [(ExportPrecision.Float32, DeploymentForm.Apply(model))], model.Metadata!, External: false, "out", NodePackages.Find(packages.Path));
        var message = Assert.ThrowsExactly<OneFractalException>(() => ModelBundle.Write(BundleKind.Web, source, folder["out"])).Message;
        Assert.Contains("Cannot write the folder", message);
        Assert.Contains("ort.wasm.min.js", message);
        CollectionAssert.AreEqual(before, Contents(folder["out"]));
        Assert.HasCount(2, Directory.GetFileSystemEntries(folder.Path), "The model and the bundle.");

        // Another stack's files take the place of all of them.
        Export(folder, "vit-nano", BundleKind.Triton);
        string[] expected = [AtomicFolder.FileList, "1/model.onnx", "config.pbtxt", "labels.txt"];
        CollectionAssert.AreEqual(expected, Contents(folder["out"]).Select(f => f.Split(' ')[0]).ToArray());
        Assert.HasCount(2, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void AnotherFolder_IsNeverReplaced()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["trained.onnx"]);
        Directory.CreateDirectory(folder["mine"]);
        File.WriteAllText(folder["mine", "README.md"], "mine");
        var settings = new ModelExportSettings { For = BundleKind.OnnxRuntime };
        var message = Assert.ThrowsExactly<UsageException>(() => ModelExport.Run(folder["trained.onnx"], folder["mine"], settings)).Message;
        Assert.Contains("is not empty and was not written by an export: name a new or an empty folder", message);
        Assert.AreEqual("mine", File.ReadAllText(folder["mine", "README.md"]));

        // An empty one may be; with a file of the user's beside those of the bundle it may not.
        Directory.CreateDirectory(folder["out"]);
        ModelExport.Run(folder["trained.onnx"], folder["out"], settings);
        Directory.CreateDirectory(folder["out", "2"]);
        File.WriteAllText(folder["out", "2", "model.onnx"], "mine");
        var before = Contents(folder["out"]);
        message = Assert.ThrowsExactly<UsageException>(() => ModelExport.Run(folder["trained.onnx"], folder["out"], settings)).Message;
        Assert.Contains("holds '2/model.onnx', which no export wrote: move it elsewhere", message);
        CollectionAssert.AreEqual(before, Contents(folder["out"]));
    }

    [TestMethod]
    public void ABundleThatAKilledProcessHadMovedAway_ComesBack()
    {
        using var folder = new TempFolder();
        Export(folder, "vit-nano", BundleKind.Triton);
        var before = Contents(folder["out"]);
        // No process has this id.
        Directory.Move(folder["out"], folder["out.2147483647.replaced"]);
        Directory.CreateDirectory(folder["out.2147483647.partial"]);
        Assert.ThrowsExactly<InvalidOperationException>(() => AtomicFolder.Replace(folder["out"], _ => throw new InvalidOperationException()));
        CollectionAssert.AreEqual(before, Contents(folder["out"]));
        Assert.HasCount(2, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void OnnxRuntime_HasTheCodeThatRunsIt()
    {
        using var folder = new TempFolder();
        var report = Export(folder, "vit-nano", BundleKind.OnnxRuntime);
        CollectionAssert.AreEqual(new[] { "model.onnx", "model.json", "README.md" }, report.Files.ToArray());
        var readme = File.ReadAllText(folder["out", "README.md"]);
        // What the C# of the README says, done.
        var sample = """
            using var session = new InferenceSession("model.onnx");
            using var input = OrtValue.CreateTensorValueFromMemory(pixels, [1, 3, 32, 32]); // float[]
            using var options = new RunOptions();
            using var outputs = session.Run(options, ["images"], [input], ["logits"]);
            ReadOnlySpan<float> logits = outputs[0].GetTensorDataAsSpan<float>();
            """;
        Assert.Contains(sample, readme);
        using var session = new InferenceSession(folder["out", "model.onnx"]);
        using var input = OrtValue.CreateTensorValueFromMemory(TestModels.Noise(3 * 32 * 32), [1, 3, 32, 32]); // float[]
        using var options = new RunOptions();
        using var outputs = session.Run(options, ["images"], [input], ["logits"]);
        ReadOnlySpan<float> logits = outputs[0].GetTensorDataAsSpan<float>();
        Assert.AreEqual(5, logits.Length);
    }

    [TestMethod]
    [DataRow("vit-nano", "vit_tiny_patch16_224", "{\"img_size\":32,\"patch_size\":8,\"embed_dim\":128,\"depth\":6,\"num_heads\":4}", "patch_embed.proj", "head")]
    [DataRow("pvt-v2-b0", "pvt_v2_b0", "", "patch_embed.proj", "head")]
    public void Timm_GetsAnArchitectureThatItHas(string name, string architecture, string arguments, string first, string classifier)
    {
        using var folder = new TempFolder();
        CollectionAssert.AreEqual(new[] { "config.json", "model.safetensors" }, Export(folder, name, BundleKind.Timm).Files.ToArray());
        using var config = Json(folder["out", "config.json"]);
        var root = config.RootElement;
        Assert.AreEqual(architecture, root.GetProperty("architecture").GetString());
        Assert.AreEqual(5, root.GetProperty("num_classes").GetInt32());
        Assert.AreEqual(arguments, root.TryGetProperty("model_args", out var given) ? JsonSerializer.Serialize(given) : "");
        CollectionAssert.AreEqual(TestModels.Labels, root.GetProperty("label_names").EnumerateArray().Select(l => l.GetString()).ToArray());

        // timm takes exactly the fields of its PretrainedCfg.
        var pretrained = root.GetProperty("pretrained_cfg");
        string[] known = ["architecture", "custom_load", "input_size", "interpolation", "crop_pct", "crop_mode", "mean", "std", "num_classes", "first_conv", "classifier"];
        CollectionAssert.AreEquivalent(known, pretrained.EnumerateObject().Select(p => p.Name).ToArray());
        Assert.AreEqual(first, pretrained.GetProperty("first_conv").GetString());
        Assert.AreEqual(classifier, pretrained.GetProperty("classifier").GetString());
        var tensors = SafeTensorsFile.Read(folder["out", "model.safetensors"]).Tensors;
        CollectionAssert.IsSubsetOf(new[] { first + ".weight", classifier + ".weight" }, tensors.Keys.ToArray());
    }

    [TestMethod]
    [DataRow("vit-nano", "vit", "ViTForImageClassification")]
    [DataRow("pvt-v2-b0", "timm_wrapper", "TimmWrapperForImageClassification")]
    public void HuggingFace_HasConfiguration_Weights_AndTheGraph(string name, string type, string className)
    {
        using var folder = new TempFolder();
        ExportPrecision[] precisions = type == "vit" ? [ExportPrecision.Float32, ExportPrecision.Int8] : [ExportPrecision.Float32];
        string[] graphs = type == "vit" ? ["onnx/model.onnx", "onnx/model_quantized.onnx"] : ["onnx/model.onnx"];
        var report = Export(folder, name, BundleKind.HuggingFace, precisions);
        CollectionAssert.AreEqual((string[])["config.json", "preprocessor_config.json", "model.safetensors", .. graphs, "README.md"], report.Files.ToArray());
        using var config = Json(folder["out", "config.json"]);
        Assert.AreEqual(type, config.RootElement.GetProperty("model_type").GetString());
        Assert.AreEqual(className, config.RootElement.GetProperty("architectures")[0].GetString());
        Assert.AreEqual("帽子", config.RootElement.GetProperty("id2label").GetProperty("2").GetString());
        Assert.AreEqual(2, config.RootElement.GetProperty("label2id").GetProperty("帽子").GetInt32());
        using var processor = Json(folder["out", "preprocessor_config.json"]);
        var p = TestModels.Classifier(name).Metadata!.Preprocessing;
        Assert.AreEqual((int)(p.Height / p.CropFraction), processor.RootElement.GetProperty("size").GetProperty("shortest_edge").GetInt32());
        Assert.AreEqual(p.Width, processor.RootElement.GetProperty("crop_size").GetProperty("width").GetInt32());

        foreach (var file in graphs)
        {
            var graph = OnnxModel.Load(folder["out", file]).Graph;
            Assert.AreEqual("pixel_values logits", $"{graph.Input[0].Name} {graph.Output[0].Name}");
        }

        var tensors = SafeTensorsFile.Read(folder["out", "model.safetensors"]).Tensors;
        CollectionAssert.Contains(tensors.Keys.ToArray(), type == "vit" ? "vit.encoder.layer.5.attention.output.dense.bias" : "stages.3.blocks.1.attn.proj.bias");
    }

    [TestMethod]
    public void HuggingFace_IsOpenedByTransformersJs_WhichPredictsTheSame()
    {
        using var folder = new TempFolder();
        Export(folder, "vit-nano", BundleKind.HuggingFace, ExportPrecision.Float32, ExportPrecision.Float16, ExportPrecision.Int8);
        // Of the model's own size, so that no two ways of resizing are compared.
        using var image = TestImages.Noise(32, 32, 3);
        TestImages.Write(folder["image.png"], image);
        using var classifier = Classifier.Load(folder["trained.onnx"]);
        var expected = classifier.Predict(image).Top(5);

        var result = TransformersJs.Run("classify.mjs", folder["out"], folder["image.png"], "fp32", "fp16", "q8");
        Assert.AreEqual(0, result.ExitCode, result.Error);
        using var predictions = JsonDocument.Parse(result.Output);
        foreach (var (dtype, tolerance) in new[] { ("fp32", 1e-4f), ("fp16", 5e-3f), ("q8", 0.1f) })
        {
            var actual = predictions.RootElement.GetProperty(dtype).EnumerateArray().ToDictionary(p => p.GetProperty("label").GetString()!, p => p.GetProperty("score").GetSingle());
            Assert.HasCount(5, actual);
            foreach (var prediction in expected)
            {
                Assert.AreEqual(prediction.Probability, actual[prediction.Label], tolerance, $"{dtype} {prediction.Label}");
            }
        }
    }

    /// <summary>What ViTModel puts behind the class token changes nothing, so that its pooler_output is the graph's; Transformers.js reads the latter.</summary>
    [TestMethod]
    public void HuggingFace_FeaturesOfAViT_HaveNothingRandom()
    {
        using var folder = new TempFolder();
        TestModels.Features().Save(folder["trained.onnx"]);
        ModelExport.Run(folder["trained.onnx"], folder["out"], new ModelExportSettings { For = BundleKind.HuggingFace });
        using var config = Json(folder["out", "config.json"]);
        Assert.AreEqual("ViTModel", config.RootElement.GetProperty("architectures")[0].GetString());
        Assert.AreEqual("linear", config.RootElement.GetProperty("pooler_act").GetString());
        Assert.AreEqual(128, config.RootElement.GetProperty("pooler_output_size").GetInt32());
        var weights = SafeTensorsFile.Read(folder["out", "model.safetensors"]).Tensors;
        string[] expectedNames = [.. TransformersParameters.Features("vit-nano"), "pooler.dense.bias [128]", "pooler.dense.weight [128,128]"];
        CollectionAssert.AreEquivalent(expectedNames, weights.Values.Select(t => $"{t.Name} [{string.Join(",", t.Dims)}]").ToArray());
        var token = TestModels.Noise(128);
        var dense = weights["pooler.dense.weight"].ToFloats();
        CollectionAssert.AreEqual(token, Enumerable.Range(0, 128).Select(row => token.Select((v, i) => v * dense[row * 128 + i]).Sum()).ToArray());
        Assert.IsTrue(weights["pooler.dense.bias"].ToFloats().All(v => v == 0));
        var readme = File.ReadAllText(folder["out", "README.md"]);
        Assert.Contains("features = outputs.last_hidden_state[:, 0]", readme);
        Assert.Contains("ViTModel.from_pretrained(\".\", add_pooling_layer=False)", readme);

        using var image = TestImages.Noise(32, 32, 3);
        TestImages.Write(folder["image.png"], image);
        using var runner = ModelRunner.Load(folder["trained.onnx"]);
        var (pixels, expected) = (new float[runner.ImageLength], new float[runner.OutputLength]);
        new EvaluationTransform(runner.Metadata!.Preprocessing).Apply(image, ChannelOrder.Rgb, pixels);
        runner.Run(pixels, 1, expected);
        var result = TransformersJs.Run("features.mjs", folder["out"], folder["image.png"]);
        Assert.AreEqual(0, result.ExitCode, result.Error);
        DeployedOutputs.AssertEqual([expected], [JsonSerializer.Deserialize<float[]>(result.Output)!], 1e-4);
    }

    [TestMethod]
    [DataRow("vit-nano", "vit", "ViTForImageClassification")]
    [DataRow("resnet18", "resnet", "ResNetForImageClassification")]
    [DataRow("swin-tiny", "swin", "SwinForImageClassification")]
    public void HuggingFace_WeightsAreThoseOfItsOwnClasses(string name, string type, string className)
    {
        var network = TransformersNetwork.Of(Backbone.WithHead(Backbone.Create(name), TestModels.Labels))!;
        Assert.AreEqual($"{type} {className}", $"{network.ModelType} {network.ClassName}");
        CollectionAssert.AreEquivalent(TransformersParameters.Of(name).ToArray(), network.Weights.Select(t => $"{t.Name} [{string.Join(",", t.Dims)}]").ToArray());
    }

    [TestMethod]
    public void HuggingFace_SplitsAttention_AndMovesMerging()
    {
        var vit = TestModels.Classifier();
        var weights = TransformersNetwork.Of(vit)!.Weights.ToDictionary(t => t.Name, t => t.ToFloats());
        var joint = vit.FindInitializer("blocks.3.attn.qkv.weight")!.ToFloats();
        string[] parts = ["query", "key", "value"];
        CollectionAssert.AreEqual(joint, parts.SelectMany(p => weights[$"vit.encoder.layer.3.attention.attention.{p}.weight"]).ToArray());
        CollectionAssert.AreEqual(vit.FindInitializer("blocks.3.norm2.bias")!.ToFloats(), weights["vit.encoder.layer.3.layernorm_after.bias"]);

        var swin = Backbone.Create("swin-tiny");
        weights = TransformersNetwork.Of(swin)!.Weights.Where(t => t.Name.Contains("downsample", StringComparison.Ordinal)).ToDictionary(t => $"swin.{t.Name}", t => t.ToFloats());
        CollectionAssert.AreEqual(swin.FindInitializer("layers.1.downsample.reduction.weight")!.ToFloats(), weights["swin.encoder.layers.0.downsample.reduction.weight"]);

        var resnet = TestModels.Features("resnet18");
        weights = TransformersNetwork.Of(resnet)!.Weights.Where(t => t.Name.Contains("stages.1.layers.0", StringComparison.Ordinal) && !t.Name.EndsWith("tracked", StringComparison.Ordinal)).ToDictionary(t => t.Name, t => t.ToFloats());
        CollectionAssert.AreEqual(resnet.FindInitializer("layer2.0.bn2.running_var")!.ToFloats(), weights["encoder.stages.1.layers.0.layer.1.normalization.running_var"]);
        CollectionAssert.AreEqual(resnet.FindInitializer("layer2.0.downsample.0.weight")!.ToFloats(), weights["encoder.stages.1.layers.0.shortcut.convolution.weight"]);
    }

    [TestMethod]
    public void WhatAStackCannotHave_IsOneLine()
    {
        using var folder = new TempFolder();
        TestModels.Classifier("resnet-micro").Save(folder["trained.onnx"]);
        foreach (var (settings, message) in new (ModelExportSettings, string)[]
        {
            (new() { For = BundleKind.OpenCv, Precisions = [ExportPrecision.Float16] }, "--for opencv cannot be fp16"),
            (new() { For = BundleKind.HuggingFace, Precisions = [ExportPrecision.BFloat16] }, "--for huggingface cannot be bf16"),
            (new() { For = BundleKind.Triton, Precisions = [ExportPrecision.Float32, ExportPrecision.Int8] }, "it holds one model"),
            (new() { For = BundleKind.Web, EmbedPreprocessing = true }, "--embed-preprocessing"),
            (new() { For = BundleKind.Timm, Batch = 2 }, "it has no graph"),
            (new() { For = BundleKind.Timm }, "timm has no network that takes the weights"),
            (new() { For = BundleKind.HuggingFace }, "timm has no network that takes the weights"),
        })
        {
            Assert.Contains(message, Assert.ThrowsExactly<UsageException>(() => ModelExport.Run(folder["trained.onnx"], folder["out"], settings)).Message);
        }

        Assert.Contains(
            "name a folder", Assert.ThrowsExactly<UsageException>(() => ModelExport.Run(folder["trained.onnx"], folder["m.onnx"], new() { For = BundleKind.Web })).Message);
        Assert.HasCount(1, Directory.GetFileSystemEntries(folder.Path));
    }

    private static ModelExportReport Export(TempFolder folder, string name, BundleKind kind, params ExportPrecision[] precisions)
    {
        TestModels.Classifier(name).Save(folder["trained.onnx"]);
        return ModelExport.Run(
            folder["trained.onnx"], folder["out"], new ModelExportSettings { For = kind, Precisions = precisions.Length > 0 ? precisions : [ExportPrecision.Float32] });
    }

    /// <summary>The files of a folder and what is in them.</summary>
    private static string[] Contents(string folder)
    {
        return
        [
            .. Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
                .Select(f => $"{Path.GetRelativePath(folder, f)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))}")
                .Order(StringComparer.Ordinal),
        ];
    }

    private static JsonDocument Json(string path) => JsonDocument.Parse(File.ReadAllText(path));

    /// <summary>Reads a configuration by the schema, as Triton does, and writes it back.</summary>
    private static string TritonText(TempFolder folder, string path)
    {
        File.WriteAllText(folder["model_config.proto"], TritonSchema);
        var bytes = Protoc(folder, "--encode=inference.ModelConfig", File.ReadAllBytes(path));
        return System.Text.Encoding.UTF8.GetString(Protoc(folder, "--decode=inference.ModelConfig", bytes));
    }

    private static byte[] Protoc(TempFolder folder, string action, byte[] input)
    {
        var protoc = typeof(ModelBundleTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Protoc").Value!;
        using var process = Process.Start(new ProcessStartInfo(protoc, [action, $"--proto_path={folder.Path}", "model_config.proto"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, error);
        return output.ToArray();
    }
}
