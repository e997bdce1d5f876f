using OneFractal.Common;
using OneFractal.Export;
using OneFractal.Training;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Training.OnnxRuntime;

/// <summary>Graphs as other exporters write them train on ONNX Runtime as on TorchSharp.</summary>
[TestClass]
[DoNotParallelize]
public sealed class UnusualGraphsTests
{
    private const int Rows = 4;
    private const int Classes = 3;
    private const int Side = 8;
    private const double Tolerance = 1e-5;

    [TestMethod]
    public void AScaleComputedFromAShape_AndAConditionAsAFactor_CarryNoGradient()
    {
        AssertTrainsAlike(Network((g, x) =>
        {
            var channels = g.Node("Cast", [g.Node("Gather", [g.Node("Shape", [x]), g.Int64(1)])], ("to", (int)DataType.Float));
            var mask = g.Node("Cast", [g.Node("Greater", [x, g.Float(0)])], ("to", (int)DataType.Float));
            return g.Mul(g.Mul(x, mask), g.Node("Div", [g.Float(1), g.Node("Sqrt", [channels])]));
        }));
    }

    [TestMethod]
    public void InputsInTheMiddle_MayBeLeftOut()
    {
        AssertTrainsAlike(Network((g, x) =>
        {
            FillParameter one = (_, _, values) => values.Fill(1), zero = (_, _, _) => { };
            var norm = g.BatchNormalization(x, g.Parameter("norm.weight", [4], one), g.Parameter("norm.bias", [4], zero), 1e-5f, 0.9f);
            return g.Node("Clip", [norm, null, g.Float(0.5f)]);
        }));
    }

    [TestMethod]
    public void AnExponent_MayBeAnInteger_AndMayTrainWhereTheBaseIsZero()
    {
        AssertTrainsAlike(Network((g, x) => g.Node("Pow", [x, g.Int64(2)])));
        AssertTrainsAlike(Network((g, x) => g.Node("Pow", [g.Relu(x), g.Parameter("exponent", [1, 4, 1, 1], (_, _, values) => values.Fill(1.5f))])));
    }

    [TestMethod]
    [DataRow(1, true)]
    [DataRow(4, false)]
    public void ALayerNormalization_MayHaveOneScaleForAll_OrNoBias(int length, bool hasBias)
    {
        AssertTrainsAlike(Network((g, x) =>
        {
            var rows = g.Transpose(g.Reshape(x, 0, 4, -1), 0, 2, 1);
            var scale = g.Parameter("norm.weight", [length], (_, _, values) => values.Fill(1.5f));
            var norm = g.Node("LayerNormalization", hasBias ? [rows, scale, g.Parameter("norm.bias", [length], Spread)] : [rows, scale]);
            var mixed = g.Linear(norm, g.Parameter("mix.weight", [4, 4], Spread), g.Parameter("mix.bias", [4], Spread));
            return g.Reshape(g.Transpose(mixed, 0, 2, 1), 0, 4, Side, Side);
        }));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(0.9)]
    public void AParameter_MayBeCalledAsMovingAveragesAre(double ema)
    {
        var model = Network((_, x) => x, "ema.conv");
        AssertTrainsAlike(model, ema);
        var step = TrainStepFile.Create(model, new TrainingRecipe { BatchSize = Rows, EmaDecay = ema });
        Assert.IsNotNull(step.FindInitializer(TrainStepGraph.Initial("ema.conv.weight")));
    }

    private static void Spread(string name, ReadOnlySpan<long> shape, Span<float> values)
    {
        var random = new RandomStream((ulong)name.Length);
        foreach (ref var value in values)
        {
            value = (float)random.NextGaussian() / 2;
        }
    }

    /// <summary>A convolution to four channels, what is to be tested, the mean over the map, and a head.</summary>
    private static OnnxModel Network(Func<GraphBuilder, Value, Value> middle, string first = "conv")
    {
        var g = new GraphBuilder("unusual");
        var images = g.Input("images", DataType.Float, "batch", 3, Side, Side);
        var maps = g.Node("Conv", [images, g.Parameter($"{first}.weight", [4, 3, 3, 3], Spread)], ("pads", (long[])[1, 1, 1, 1]));
        var pooled = g.Node("Flatten", [g.Node("GlobalAveragePool", [middle(g, maps)])]);
        g.Output(g.Rename(g.Linear(pooled, g.Parameter("head.weight", [Classes, 4], Spread), g.Parameter("head.bias", [Classes], Spread)), "logits"));
        var model = g.Build();
        model.Metadata = new ModelMetadata { Architecture = "unusual", NumFeatures = 4, Preprocessing = new Preprocessing(3, Side, Side) };
        return model;
    }

    private static void AssertTrainsAlike(OnnxModel model, double ema = 0)
    {
        var recipe = new TrainingRecipe { BatchSize = Rows, Optimizer = OptimizerKind.Sgd, ClipGradient = 0, EmaDecay = ema };
        using var onnx = new OnnxRuntimeBackend(model, recipe, ComputeDevice.Cpu);
        using var torch = new TorchSharpBackend(model, recipe, ComputeDevice.Cpu);
        var (pixels, targets) = (TestModels.Noise(Rows * 3 * Side * Side), new float[Rows * Classes]);
        for (var row = 0; row < Rows; row++)
        {
            targets[row * Classes + row % Classes] = 1;
        }

        for (var step = 0; step < 3; step++)
        {
            var (actual, expected) = (onnx.TrainStep(pixels, targets, new StepSettings(step, 0.1, 1)), torch.TrainStep(pixels, targets, new StepSettings(step, 0.1, 1)));
            Assert.AreEqual(expected.Loss, actual.Loss, Tolerance);
        }

        var state = onnx.SaveState();
        foreach (var (name, tensor) in torch.SaveState())
        {
            var values = tensor.ToFloats();
            Assert.IsLessThan(Tolerance * Math.Max(1, values.Max(Math.Abs)), state[name].ToFloats().Zip(values, (a, e) => Math.Abs(a - e)).Max(), name);
        }
    }
}
