using System.Runtime.InteropServices;
using Google.Protobuf;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Inference;
using OneFractal.Training;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>Models that say nothing of themselves.</summary>
[TestClass]
public sealed class ForeignModelTests
{
    private static readonly SessionSettings Plain = new() { Device = ComputeDevice.Cpu, Optimization = GraphOptimization.None };
    private static readonly FillParameter Fill = (name, _, values) =>
    {
        var random = new RandomStream((ulong)name.Length);
        foreach (ref var value in values)
        {
            value = (float)random.Uniform(-0.5, 0.5);
        }
    };

    /// <summary>What the builders say of each architecture is what is found without their word, in the file as it is and with all constants folded.</summary>
    [TestMethod]
    [DataRow("vit-nano")]
    [DataRow("vit-tiny")]
    [DataRow("resnet-micro")]
    [DataRow("resnet18")]
    [DataRow("swin-tiny")]
    [DataRow("pvt-v2-b0")]
    [DataRow("mixer-s16")]
    public void WeightsAndHead_AreFound_AndABatchOfOneBecomesAny(string name)
    {
        var model = TestModels.Classifier(name);
        var import = ForeignModel.Import(Stripped(model));
        CollectionAssert.AreEquivalent(model.TrainableNames!.ToArray(), import.Model.TrainableNames!.ToArray());
        Assert.AreEqual(model.FeaturesValue, import.Model.FeaturesValue);
        Assert.AreEqual(model.HeadModule, import.Model.HeadModule);
        Assert.AreEqual(model.Metadata!.Preprocessing.Height, import.Model.Metadata!.Preprocessing.Height);
        Assert.AreEqual(model.Metadata.NumFeatures, import.Model.Metadata.NumFeatures);

        var single = ForeignModel.Import(Stripped(FixedBatch.Apply(model, 1)));
        Assert.Contains("batch: was fixed to 1, now any", single.Notes);
        Assert.AreEqual(Backbone.CountParameters(model), Backbone.CountParameters(single.Model));
        AssertEqual(Outputs(model, 3), Outputs(single.Model, 3), 2e-5f);
    }

    [TestMethod]
    public void OnlyWeightsTrain()
    {
        var g = new GraphBuilder("roles");
        var x = g.Input("x", DataType.Float, 1, 3, 8, 8);
        Value Stored(string name, long[] shape, float value) => g.Initializer(TensorProtoExtensions.Float(name, shape, Enumerable.Repeat(value, (int)shape.Aggregate(1L, (p, d) => p * d)).ToArray()));
        Value Spread(string name, params long[] shape) => g.Initializer(Tensor(name, shape));
        x = g.Node("Div", [g.Node("Sub", [x, Spread("mean", 1, 3, 1, 1)]), Stored("std", [1, 3, 1, 1], 0.2f)]);
        x = g.Mul(x, Spread("range", 1, 3, 1, 1));
        x = g.Conv2d(x, Spread("stem", 4, 3, 1, 1), null, 1);
        x = g.BatchNormalization(x, Spread("scale", 4), Spread("shift", 4), 1e-5f, 0.9f);
        x = g.Conv2d(x, Spread("kernel", 4, 4, 3, 3), Spread("bias", 4), 1, 1);
        x = g.Conv2d(x, Stored("blur", [4, 1, 2, 2], 0.25f), null, 2, groups: 4);
        x = g.Node("PRelu", [x, Spread("slope", 4, 1, 1)]);
        x = g.Mul(x, Spread("layer_scale", 4, 1, 1));
        x = g.Add(g.Mul(x, g.Float(0.5f)), Stored("epsilon", [1], 1e-6f));
        x = g.Transpose(g.Reshape(x, 1, 4, 16), 0, 2, 1);
        var matrix = Spread("matrix", 4, 4);
        x = g.Add(g.MatMul(x, matrix), g.Node("Identity", [Spread("vector", 4)]));
        x = g.Concat(1, g.Expand(Spread("token", 1, 1, 4), g.Int64s(1, 1, 4)), x);
        x = g.Add(x, Spread("positions", 1, 17, 4));
        var scores = g.Add(g.MatMul(x, g.Transpose(x, 0, 2, 1)), g.Initializer(TensorProtoExtensions.Float("mask", [17, 17], [.. Enumerable.Range(0, 289).Select(i => i % 2 == 0 ? 0 : -100f)])));
        x = g.MatMul(g.Softmax(scores, -1), x);
        x = g.MatMul(x, g.Transpose(g.Node("Constant", [], ("value", Tensor("", [4, 4]))), 1, 0));
        // The same matrix again: it trains once.
        x = g.MatMul(x, g.Transpose(matrix, 1, 0));
        x = g.Select(x, 1, 0);
        g.Output(g.Node("Gemm", [x, Spread("fc.weight", 5, 4), Spread("fc.bias", 5)], ("transB", 1)));
        var model = Stripped(g.Build());
        var import = ForeignModel.Import(model).Model;
        CollectionAssert.AreEquivalent(
            new[] { "stem", "kernel", "bias", "scale", "shift", "slope", "layer_scale", "matrix", "vector", "token", "positions", "Constant_output", "fc.weight", "fc.bias" },
            import.TrainableNames!.ToArray());
        CollectionAssert.AreEquivalent(new[] { "running_mean", "running_var" }, import.RunningStatistics.ToArray());
        Assert.AreEqual("fc", import.HeadModule);
        AssertEqual(Outputs(model, 1), Outputs(import, 1), 1e-6f);
        Assert.HasCount(3, Outputs(import, 3).Chunk(5).ToArray());

        // Every one of them gets a gradient.
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var module = new GraphModule(import);
        module.train();
        module.call(TorchSharp.torch.tensor(TestModels.Noise(2 * 192), [2, 3, 8, 8])).square().sum().backward();
        foreach (var (name, parameter) in module.named_parameters())
        {
            Assert.IsGreaterThan(0f, parameter.grad!.abs().max().item<float>(), name);
        }
    }

    [TestMethod]
    [DataRow(DataType.Float16, 2e-3f)]
    [DataRow(DataType.Bfloat16, 2e-2f)]
    [DataRow(DataType.Double, 1e-6f)]
    public void OtherFloats_BecomeFloat32(DataType type, float tolerance)
    {
        var model = Stripped(TestModels.Classifier());
        var expected = Outputs(model, 2);
        foreach (var tensor in model.Graph.Initializer.Where(t => t.ElementType() == DataType.Float))
        {
            var values = tensor.ToFloats();
            tensor.DataType = (int)type;
            tensor.RawData = ByteString.CopyFrom(type switch
            {
                DataType.Float16 => MemoryMarshal.AsBytes(values.Select(v => (Half)v).ToArray().AsSpan()),
                DataType.Bfloat16 => MemoryMarshal.AsBytes(values.Select(v => (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)).ToArray().AsSpan()),
                _ => MemoryMarshal.AsBytes(values.Select(v => (double)v).ToArray().AsSpan()),
            });
        }

        model.Graph.Input[0].Type.TensorType.ElemType = (int)type;
        var import = ForeignModel.Import(model);
        Assert.Contains($"types: {type.ToString().ToLowerInvariant()} became float32", import.Notes);
        AssertEqual(expected, Outputs(import.Model, 2), tolerance);
    }

    [TestMethod]
    public void InitializersThatAreInputs_AreNoInputsAnyMore()
    {
        var model = Stripped(TestModels.Classifier());
        model.Proto.IrVersion = 3;
        model.Graph.Input.AddRange(model.Graph.Initializer.Select(t => TensorInfo.From(t).ToProto(t.Name)));
        var import = ForeignModel.Import(model).Model;
        Assert.HasCount(1, import.Graph.Input);
        AssertEqual(Outputs(TestModels.Classifier(), 2), Outputs(import, 2), 0);
    }

    [TestMethod]
    public void StatisticsThatAreStoredWithTheBias_GetTheirOwn()
    {
        var g = new GraphBuilder("shared");
        var x = g.Input("x", DataType.Float, "batch", 3, 4, 4);
        x = g.BatchNormalization(g.Conv2d(x, g.Parameter("w", [3, 3, 1, 1], Fill), null, 1), g.Parameter("scale", [3], Fill), g.Parameter("shift", [3], Fill), 1e-5f, 0.9f);
        g.Output(g.Node("Flatten", [g.Node("GlobalAveragePool", [x])], ("axis", 1)));
        var model = Stripped(g.Build());
        var norm = model.Graph.Node.Single(n => n.OpType == "BatchNormalization");
        norm.Input[3] = "shift";
        var import = ForeignModel.Import(model).Model;
        CollectionAssert.AreEquivalent(new[] { "w", "scale", "shift" }, import.TrainableNames!.ToArray());
        Assert.HasCount(2, import.RunningStatistics);
        AssertEqual(Outputs(model, 2), Outputs(import, 2), 0);
    }

    [TestMethod]
    public void ChannelsLast_AndBlueFirst_TakeWhatOursTake()
    {
        var g = new GraphBuilder("keras");
        var x = g.Input("x", DataType.Float, "n", 6, 5, 3);
        x = g.Conv2d(g.Transpose(x, 0, 3, 1, 2), g.Parameter("w", [4, 3, 3, 3], Fill), null, 1);
        g.Output(g.Node("Flatten", [x], ("axis", 1)));
        var model = Stripped(g.Build());
        var import = ForeignModel.Import(model, new ForeignModelSettings { Bgr = true, PixelMax = 255, Mean = [1, 2, 3] });
        var p = import.Model.Metadata!.Preprocessing;
        Assert.AreEqual((3, 6, 5), (p.Channels, p.Height, p.Width));
        Assert.AreEqual(2 / 255f, p.Mean[1], 1e-9f);
        Assert.AreEqual(1 / 255f, p.Std[1], 1e-9f);

        var images = TestModels.Noise(2 * 90);
        var asTheFile = new float[images.Length];
        for (var i = 0; i < images.Length; i++)
        {
            var (image, channel, pixel) = (i / 90, i / 30 % 3, i % 30);
            asTheFile[image * 90 + pixel * 3 + 2 - channel] = images[i];
        }

        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(model.Proto.ToByteArray());
        using var input = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(asTheFile, [2, 6, 5, 3]);
        using var options = new Microsoft.ML.OnnxRuntime.RunOptions();
        using var outputs = session.Run(options, ["x"], [input], [model.Graph.Output[0].Name]);
        using var runner = ModelRunner.Create(import.Model, Plain);
        var actual = new float[2 * runner.OutputLength];
        runner.Run(images, 2, actual);
        AssertEqual(outputs[0].GetTensorDataAsSpan<float>().ToArray(), actual, 1e-6f);
    }

    [TestMethod]
    public void AConvolutionBeforeThePool_IsAHead_WhereASoftmaxFollows()
    {
        OnnxModel Squeeze(bool softmax)
        {
            var g = new GraphBuilder("squeeze");
            var x = g.Relu(g.Conv2d(g.Input("x", DataType.Float, "batch", 3, 6, 6), g.Parameter("a", [4, 3, 3, 3], Fill), null, 1));
            x = g.Relu(g.Conv2d(x, g.Parameter("classifier.1.weight", [7, 4, 1, 1], Fill), g.Parameter("classifier.1.bias", [7], Fill), 1));
            x = g.Node("Flatten", [g.Node("GlobalAveragePool", [x])], ("axis", 1));
            g.Output(softmax ? g.Softmax(x, 1) : x);
            return Stripped(g.Build());
        }

        var model = Squeeze(softmax: true);
        Assert.AreEqual("Conv_2", ForeignModel.FindHead(model).Head!.Name);
        Assert.IsNull(ForeignModel.FindHead(Squeeze(softmax: false)).Head);
        Assert.AreEqual("Conv_2", ForeignModel.FindHead(Squeeze(softmax: false), "Conv_2").Head!.Name);

        var import = ForeignModel.Import(model).Model;
        var features = ClassificationHead.Detach(import);
        Assert.AreEqual("float[batch, 4]", TensorInfo.From(features.Graph.Output[0])!.ToString());
        var classifier = Backbone.WithHead(import, TestModels.Labels);
        CollectionAssert.AreEquivalent(new[] { "a", "classifier.1.weight", "classifier.1.bias" }, classifier.TrainableNames!.ToArray());
        Assert.HasCount(2 * 5, Outputs(classifier, 2));

        // Its features are the means of the maps that went into the old head.
        var maps = model.Clone();
        GraphTrim(maps, ForeignModel.FindHead(model).Features, 4, 4, 4);
        AssertEqual([.. Outputs(maps, 2).Chunk(16).Select(map => map.Average())], Outputs(features, 2), 1e-6f);
    }

    [TestMethod]
    public void AHeadThatCannotBeTold_IsNamedByTheUser()
    {
        var g = new GraphBuilder("odd");
        var x = g.Node("Flatten", [g.Relu(g.Conv2d(g.Input("x", DataType.Float, "batch", 3, 4, 4), g.Parameter("a", [4, 3, 4, 4], Fill), null, 1))], ("axis", 1));
        var y = g.Node("Tanh", [g.Node("Gemm", [x, g.Parameter("b", [4, 6], Fill), g.Parameter("c", [6], Fill)])]);
        g.Output(g.Softmax(y, 1));
        var model = Stripped(g.Build());
        var error = Assert.ThrowsExactly<ModelException>(() => ForeignModel.Import(model));
        StringAssert.Contains(error.Message, "--head-at, for instance 'Gemm', 'Conv'");
        Assert.AreEqual(x.Name, ForeignModel.Import(model, new ForeignModelSettings { HeadAt = "Gemm" }).Model.FeaturesValue);
        Assert.AreEqual(y.Name, ForeignModel.Import(model, new ForeignModelSettings { HeadAt = y.Name }).Model.FeaturesValue);
        Assert.AreEqual(6, ForeignModel.Import(model, new ForeignModelSettings { HeadAt = "Tanh" }).Model.Metadata!.NumFeatures);
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => ForeignModel.Import(model, new ForeignModelSettings { HeadAt = "none" })).Message, "'Gemm', 'Conv'");
    }

    [TestMethod]
    public void WhatCannotBe_IsOneLine()
    {
        var g = new GraphBuilder("made");
        var weight = g.Node("ConstantOfShape", [g.Int64s(4, 3, 2, 2)], ("value", TensorProtoExtensions.Float("", [1], [0.1f])));
        var x = g.Conv2d(g.Input("x", DataType.Float, 2, 3, 4, 4), weight, null, 1);
        g.Output(g.Node("GlobalAveragePool", [x]));
        var made = Stripped(g.Build());
        Fails(made, new(), "no float weights that could train");
        var inspection = GraphInspection.Of(made);
        Assert.AreEqual((0, 48L, 4L * 9 * 12), (inspection.Trains.Tensors, inspection.MadeByNodes, inspection.Macs));

        var model = Stripped(TestModels.Classifier());
        Fails(model, new() { Size = 64 }, "cannot be made for 64");
        Fails(model, new() { Mean = [1, 2] }, "--mean");
        Fails(model, new() { Std = [0, 1, 1] }, "--std");
        Fails(model, new() { PixelMax = 0 }, "--pixel-max");

        // Images that are mixed with channels cannot be told apart again.
        g = new GraphBuilder("lost");
        x = g.Conv2d(g.Input("x", DataType.Float, 2, 3, 4, 4), g.Parameter("w", [4, 3, 1, 1], Fill), null, 1);
        g.Output(g.Reshape(g.Transpose(x, 1, 0, 2, 3), 8, 16));
        Fails(Stripped(g.Build()), new(), "exported for a batch of 2");

        static void Fails(OnnxModel model, ForeignModelSettings settings, string expected)
        {
            var error = Assert.Throws<OneFractalException>(() => ForeignModel.Import(model, settings));
            StringAssert.Contains(error.Message, expected);
            Assert.DoesNotContain("\n", error.Message);
        }
    }

    /// <summary>Published by timm (MACs at 224 pixels, in units of 1e9), and counted by hand for ResNet-18.</summary>
    [TestMethod]
    [DataRow("resnet18", 1.82, 11_689_512)]
    [DataRow("resnet50", 4.11, 25_557_032)]
    [DataRow("vit-tiny", 1.26, 5_717_416)]
    public void MultiplyAccumulates_AreThePublishedOnes(string name, double published, long parameters)
    {
        var model = Backbone.WithHead(Backbone.Create(name), [.. Enumerable.Range(0, 1000).Select(i => $"{i}")]);
        var inspection = GraphInspection.Of(Stripped(model));
        Assert.AreEqual(published * 1e9, inspection.Macs, 0.01 * published * 1e9);
        Assert.AreEqual(parameters, inspection.Trains.Values);
        Assert.AreEqual(parameters, inspection.Layers.Sum(l => l.Parameters));
        Assert.IsEmpty(inspection.Uncounted);
        if (name == "resnet18")
        {
            long At(int size, int channels, int from, int kernel) => (long)size * size * channels * from * kernel * kernel;
            var byHand = At(112, 64, 3, 7) + 4 * At(56, 64, 64, 3) + 512 * 1000;
            foreach (var (size, channels) in new[] { (28, 128), (14, 256), (7, 512) })
            {
                byHand += At(size, channels, channels / 2, 3) + 3 * At(size, channels, channels, 3) + At(size, channels, channels / 2, 1);
            }

            Assert.AreEqual(byHand, inspection.Macs);
        }
    }

    private static TensorProto Tensor(string name, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (p, d) => p * d)];
        Fill(name, shape, values);
        return TensorProtoExtensions.Float(name, shape, values);
    }

    private static OnnxModel Stripped(OnnxModel model)
    {
        var result = model.Clone();
        result.Proto.MetadataProps.Clear();
        return result;
    }

    private static void GraphTrim(OnnxModel model, string value, params Dim[] shape)
    {
        model.Graph.Output.Clear();
        model.Graph.Output.Add(new TensorInfo(DataType.Float, ["batch", .. shape]).ToProto(value));
    }

    private static float[] Outputs(OnnxModel model, int batch)
    {
        using var runner = ModelRunner.Create(model, Plain);
        var outputs = new float[batch * runner.OutputLength];
        runner.Run(TestModels.Noise(batch * runner.ImageLength), batch, outputs);
        return outputs;
    }

    private static void AssertEqual(float[] expected, float[] actual, float tolerance)
    {
        Assert.HasCount(expected.Length, actual);
        Assert.IsGreaterThan(1e-3f, expected.Max() - expected.Min());
        var scale = Math.Max(1, expected.Max(Math.Abs));
        Assert.IsLessThanOrEqualTo(tolerance * scale, expected.Zip(actual).Max(p => Math.Abs(p.First - p.Second)));
    }
}
