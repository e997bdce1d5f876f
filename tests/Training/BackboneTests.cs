using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Tests.Training;

[TestClass]
public sealed class BackboneTests
{
    private static readonly string[] Labels = [.. Enumerable.Range(0, 1000).Select(i => $"class {i}")];

    /// <summary>timm's published counts with a head for 1,000 classes; own sizes by hand.</summary>
    private static readonly Dictionary<string, long> Counts = new()
    {
        ["vit-nano"] = 1_345_896,
        ["vit-micro"] = 1_333_608,
        ["vit-tiny"] = 5_717_416,
        ["vit-small"] = 22_050_664,
        ["vit-base"] = 86_567_656,
        ["resnet-micro"] = 1_483_400,
        ["resnet18"] = 11_689_512,
        ["resnet50"] = 25_557_032,
        ["swin-tiny"] = 28_288_354,
        ["pvt-v2-b0"] = 3_666_760,
        ["mixer-s16"] = 18_528_264,
        ["mixer-b16"] = 59_880_472,
    };

    /// <summary>Larger sizes of networks that are checked anyway; they are built and counted only, for the sake of time.</summary>
    private static readonly string[] BuiltOnly = ["vit-small", "vit-base", "mixer-b16"];

    private static readonly Dictionary<string, OnnxModel> Built = [];

    public static IEnumerable<object[]> Names => Backbone.Names.Select(n => new object[] { n });

    public static IEnumerable<object[]> Trained => Backbone.Names.Except(BuiltOnly).Select(n => new object[] { n });

    [ClassCleanup]
    public static void Forget() => Built.Clear();

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void ParameterCount_IsTimms(string name)
    {
        Assert.AreEqual(Counts[name], Backbone.CountParameters(WithHead(name)));
    }

    /// <summary>
    /// Every parameter learns, and the file that is written is, read again, the same function on ONNX Runtime as on TorchSharp: within 1e-4 of the largest logit.
    /// </summary>
    [TestMethod]
    [DynamicData(nameof(Trained))]
    public void Backbone_Trains_AndIsTheSameOnOnnxRuntime(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TempFolder();
        var model = WithHead(name);
        var size = model.Metadata!.Preprocessing.Height;
        manual_seed(1);
        using (var module = new GraphModule(model))
        {
            SpreadVectors(module);
            nn.functional.cross_entropy(module.call(randn(2, 3, size, size)), tensor(new long[] { 3, 998 })).backward();
            foreach (var (parameter, value) in module.named_parameters())
            {
                var largest = value.grad!.abs().max().item<float>();
                Assert.IsTrue(largest > 0 && float.IsFinite(largest), $"{parameter}: {largest}");
            }

            module.ToOnnx().Save(folder["model.onnx"]);
        }

        using var reloaded = new GraphModule(OnnxModel.Load(folder["model.onnx"]));
        reloaded.eval();
        using var guard = no_grad();
        using var session = new InferenceSession(folder["model.onnx"]);
        foreach (var batch in new[] { 1, 2 })
        {
            var images = randn(batch, 3, size, size);
            using var input = OrtValue.CreateTensorValueFromMemory(images.data<float>().ToArray(), [batch, 3, size, size]);
            using var options = new RunOptions();
            using var results = session.Run(options, ["images"], [input], ["logits"]);
            var expected = results[0].GetTensorDataAsSpan<float>().ToArray();
            var actual = reloaded.call(images).data<float>().ToArray();
            Assert.HasCount(batch * Labels.Length, actual);
            var tolerance = 1e-4 * expected.Max(Math.Abs);
            Assert.IsLessThanOrEqualTo(tolerance, expected.Zip(actual, (e, a) => (double)Math.Abs(e - a)).Max());
        }
    }

    /// <summary>Outputs within 1e-5, gradients within 1e-4, both relative; the networks written by hand share nothing with the graphs but their weights.</summary>
    [TestMethod]
    [DataRow("swin-tiny")]
    [DataRow("pvt-v2-b0")]
    [DataRow("mixer-s16")]
    public void OutputAndGradients_EqualHandWrittenNetworks(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        using var module = new GraphModule(ClassificationHead.Detach(WithHead(name)));
        SpreadVectors(module);
        var weights = module.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach().clone().requires_grad_());
        var written = new HandWrittenBackbones(weights);
        var images = randn(2, 3, 224, 224);
        var expected = name switch
        {
            "swin-tiny" => written.Swin(images, [2, 2, 6, 2], [3, 6, 12, 24], window: 7),
            "pvt-v2-b0" => written.PvtV2(images, [2, 2, 2, 2], [1, 2, 5, 8], [8, 4, 2, 1]),
            _ => written.Mixer(images, depth: 8, patch: 16),
        };
        var actual = module.call(images);
        var direction = randn_like(expected);
        (expected * direction).sum().backward();
        (actual * direction).sum().backward();

        Assert.IsLessThanOrEqualTo(1e-5, RelativeError(actual, expected));
        foreach (var (parameter, value) in module.named_parameters())
        {
            Assert.IsLessThanOrEqualTo(1e-4, RelativeError(value.grad!, weights[parameter].grad!), parameter);
        }
    }

    [TestMethod]
    [DataRow("swin-tiny", "head.fc")]
    [DataRow("pvt-v2-b0", "head")]
    [DataRow("mixer-s16", "head")]
    [DataRow("mixer-b16", "head")]
    public void NamesAndShapes_AreTimms(string name, string head)
    {
        var model = WithHead(name);
        var trainable = model.TrainableNames!.ToHashSet();
        var actual = model.Graph.Initializer.Where(t => trainable.Contains(t.Name)).Select(t => $"{t.Name} [{string.Join(',', t.Dims)}]");
        string[] expected = [.. TimmParameters.Of(name), $"{head}.weight [1000,{model.Metadata!.NumFeatures}]", $"{head}.bias [1000]"];
        CollectionAssert.AreEqual(expected.Order(StringComparer.Ordinal).ToArray(), actual.Order(StringComparer.Ordinal).ToArray());
    }

    /// <summary>Standard deviation of fresh weights, within 3 %: these have 2,000 values or more.</summary>
    [TestMethod]
    [DataRow("swin-tiny", "layers.1.downsample.reduction.weight", 0.02)]
    [DataRow("swin-tiny", "patch_embed.proj.weight", 0.0833)] // Uniform in ±1/√48: 1/12.
    [DataRow("pvt-v2-b0", "stages.0.blocks.0.mlp.fc1.weight", 0.02)]
    [DataRow("pvt-v2-b0", "stages.1.downsample.proj.weight", 0.05893)] // √(2 / (64 · 9)).
    [DataRow("pvt-v2-b0", "stages.3.blocks.1.mlp.dwconv.weight", 0.4714)] // √(2 / 9): a group has one output.
    [DataRow("mixer-s16", "stem.proj.weight", 0.03608)] // √(1 / 768).
    [DataRow("mixer-s16", "blocks.3.mlp_tokens.fc1.weight", 0.06651)] // √(2 / (196 + 256)).
    [DataRow("mixer-s16", "blocks.3.mlp_channels.fc1.bias", 1e-6)]
    public void FreshWeights_SpreadAsTimms(string name, string parameter, double expected)
    {
        var values = WithHead(name).FindInitializer(parameter)!.ToFloats();
        var deviation = Math.Sqrt(values.Average(v => (double)v * v));
        Assert.AreEqual(expected, deviation, 0.03 * expected);
    }

    [TestMethod]
    [DataRow("swin-tiny", 12)]
    [DataRow("pvt-v2-b0", 8)]
    [DataRow("mixer-s16", 8)]
    public void ResidualBranches_AreTwoABlock_EvenlyFrom0To1(string name, int blocks)
    {
        var depths = WithHead(name).ResidualBranches!.Select(b => b.Depth).ToArray();
        Assert.HasCount(2 * blocks, depths);
        for (var i = 0; i < depths.Length; i++)
        {
            Assert.AreEqual(i / 2 / (blocks - 1.0), depths[i], 1e-12);
        }
    }

    [TestMethod]
    public void ImageSize_ChangesWhatTheNetworkTakes_WhereItCan()
    {
        Assert.AreEqual(64, Backbone.Create("resnet18", imageSize: 64).Metadata!.Preprocessing.Height);
        var vit = Backbone.Create("vit_tiny_patch16_224", imageSize: 64);
        CollectionAssert.AreEqual(new long[] { 1, 17, 192 }, vit.FindInitializer("pos_embed")!.Dims.ToArray());
        var mixer = Backbone.Create("mixer_s16_224", imageSize: 64);
        CollectionAssert.AreEqual(new long[] { 256, 16 }, mixer.FindInitializer("blocks.0.mlp_tokens.fc1.weight")!.Dims.ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => Backbone.Create("vit-tiny", imageSize: 100)).Message, "steps of 16");
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => Backbone.Create("swin-tiny", imageSize: 256)).Message, "steps of 224");
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => Backbone.Create("resnet19")).Message, "resnet18");
    }

    /// <summary>Every test reads the same models and changes none.</summary>
    private static OnnxModel WithHead(string name)
    {
        if (Built.GetValueOrDefault(name) is { } built)
        {
            return built;
        }

        var model = Backbone.WithHead(Backbone.Create(name, seed: 2), Labels, seed: 3);
        return BuiltOnly.Contains(name) ? model : Built[name] = model;
    }

    /// <summary>‖a − b‖ / ‖b‖.</summary>
    private static float RelativeError(Tensor a, Tensor b) => ((a - b).norm() / b.norm()).item<float>();

    /// <summary>Fresh biases are 0 and norms 1, some of them 0: spread the vectors so that no part of the graph is without effect.</summary>
    private static void SpreadVectors(GraphModule module)
    {
        using var guard = no_grad();
        foreach (var (_, value) in module.named_parameters().Where(p => p.parameter.dim() == 1))
        {
            value.add_(randn_like(value), alpha: 0.1);
        }
    }
}
