using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Training;

[TestClass]
public sealed class GraphModuleTests
{
    private static readonly string[] Labels = ["a", "b", "c", "d", "e"];

    [TestMethod]
    [DataRow("vit-nano")]
    [DataRow("vit-micro")]
    [DataRow("vit-tiny")]
    [DataRow("resnet18")]
    public void OutputGradientsAndStatistics_EqualNetworksWrittenByHand(string name)
    {
        using var scope = NewDisposeScope();
        var size = name is "vit-tiny" ? 224 : name is "resnet18" ? 64 : 32;
        var model = Backbone.WithHead(Spread(Backbone.Create(name, seed: 3, imageSize: size)), Labels, seed: 4);
        using var module = new GraphModule(model);
        using nn.Module<Tensor, Tensor> written = name switch
        {
            "vit-nano" => new HandWrittenViT(32, 8, 128, 6, 4, Labels.Length),
            "vit-micro" => new HandWrittenViT(32, 4, 128, 6, 4, Labels.Length),
            "vit-tiny" => new HandWrittenViT(224, 16, 192, 12, 3, Labels.Length),
            _ => new HandWrittenResNet18(Labels.Length),
        };
        var parameters = module.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        using (no_grad())
        {
            foreach (var (parameter, value) in written.named_parameters())
            {
                value.copy_(parameters[parameter]);
            }
        }

        manual_seed(1);
        var images = randn(3, 3, size, size);
        var targets = tensor(new long[] { 0, 3, 2 });
        module.train();
        written.train();
        var expected = written.call(images);
        nn.functional.cross_entropy(expected, targets).backward();
        var actual = module.call(images);
        nn.functional.cross_entropy(actual, targets).backward();

        Assert.IsLessThanOrEqualTo(1e-5, RelativeError(actual, expected));
        Assert.HasCount(parameters.Count, written.named_parameters().ToArray());
        foreach (var (parameter, value) in written.named_parameters())
        {
            Assert.IsLessThanOrEqualTo(1e-5, RelativeError(parameters[parameter].grad!, value.grad!), parameter);
            Assert.AreNotEqual(0f, value.grad!.abs().max().item<float>(), parameter);
        }

        var buffers = module.named_buffers().ToDictionary(b => b.name, b => b.buffer);
        foreach (var (buffer, value) in written.named_buffers().Where(b => !b.name.EndsWith("num_batches_tracked", StringComparison.Ordinal)))
        {
            Assert.IsLessThanOrEqualTo(1e-6, RelativeError(buffers[buffer], value), buffer);
        }
    }

    /// <summary>Before opset 13, Softmax without an axis is over all axes from one on, which is no attention.</summary>
    [TestMethod]
    public void AnOldSoftmax_IsNotTakenForAttention()
    {
        using var scope = NewDisposeScope();
        var g = new GraphBuilder("old", opset: 11);
        var x = g.Input("x", DataType.Float, 1, 2, 3, 4);
        var rows = g.Transpose(x, 0, 2, 1, 3);
        var scores = g.MatMul(g.Mul(rows, g.Float(0.5f)), g.Transpose(x, 0, 2, 3, 1));
        g.Output(g.MatMul(g.Node("Softmax", [scores]), rows));
        var model = g.Build();
        using var module = new GraphModule(model);
        module.eval();
        var values = TestModels.Noise(24);
        using var session = new InferenceSession(model.Proto.ToByteArray());
        using var input = OrtValue.CreateTensorValueFromMemory(values, [1, 2, 3, 4]);
        using var options = new RunOptions();
        using var results = session.Run(options, session.InputNames, [input], session.OutputNames);
        var actual = module.call(tensor(values).reshape(1, 2, 3, 4)).contiguous().data<float>().ToArray();
        Assert.IsLessThan(1e-6f, results[0].GetTensorDataAsSpan<float>().ToArray().Zip(actual, (e, a) => Math.Abs(e - a)).Max());
    }

    [TestMethod]
    [DataRow("vit-nano")]
    [DataRow("vit-tiny")]
    public void Output_EqualsOnnxRuntimes(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TempFolder();
        var model = Spread(Backbone.Create(name, seed: 5));
        model.Save(folder["model.onnx"]);
        using var module = new GraphModule(OnnxModel.Load(folder["model.onnx"]));
        module.eval();
        var size = model.Metadata!.Preprocessing.Height;
        foreach (var batch in new[] { 1, 3 })
        {
            manual_seed(batch);
            var images = randn(batch, 3, size, size);
            var actual = module.call(images).data<float>().ToArray();
            using var session = new InferenceSession(folder["model.onnx"]);
            using var input = OrtValue.CreateTensorValueFromMemory(images.data<float>().ToArray(), [batch, 3, size, size]);
            using var options = new RunOptions();
            using var results = session.Run(options, ["images"], [input], ["features"]);
            var expected = results[0].GetTensorDataAsSpan<float>();
            Assert.HasCount(batch * model.Metadata.NumFeatures, actual);
            for (var i = 0; i < actual.Length; i++)
            {
                Assert.AreEqual(expected[i], actual[i], 1e-4f);
            }
        }
    }

    [TestMethod]
    public void StochasticDepth_DropsBranchesOnlyInTraining_AndKeepsTheExpectation()
    {
        using var scope = NewDisposeScope();
        var model = Spread(Backbone.Create("vit-nano", seed: 6));
        using var plain = new GraphModule(model);
        using var module = new GraphModule(StochasticDepth.Insert(model, 0.5));
        manual_seed(0);
        var images = randn(2, 3, 32, 32);
        module.eval();
        Assert.AreEqual(0.0, RelativeError(module.call(images), plain.call(images)));
        module.train();
        var (first, second) = (module.call(images), module.call(images));
        Assert.IsGreaterThan(1e-3, RelativeError(first, second));
        Assert.IsFalse(first.isnan().any().item<bool>());
        // The mask is per sample: with equal images in a batch, the rows differ.
        var rows = module.call(images[0].unsqueeze(0).expand(16, -1, -1, -1));
        Assert.IsGreaterThan(1e-3, RelativeError(rows[0], rows[1]) + RelativeError(rows[2], rows[3]) + RelativeError(rows[4], rows[5]));
    }

    [TestMethod]
    public void ToOnnx_HoldsTheTrainedWeights()
    {
        using var scope = NewDisposeScope();
        var model = Backbone.Create("vit-nano", seed: 7);
        using var module = new GraphModule(model);
        using (no_grad())
        {
            module.get_parameter("blocks.2.mlp.fc1.bias")!.fill_(0.25);
        }

        var saved = module.ToOnnx();
        Assert.IsTrue(saved.FindInitializer("blocks.2.mlp.fc1.bias")!.ToFloats().All(v => v == 0.25f));
        CollectionAssert.AreEqual(model.FindInitializer("pos_embed")!.ToFloats(), saved.FindInitializer("pos_embed")!.ToFloats());
        Assert.IsTrue(model.FindInitializer("blocks.2.mlp.fc1.bias")!.ToFloats().All(v => v == 0f), "The original is untouched.");
    }

    /// <summary>Tensors are counted in the whole process, so no other test may run meanwhile.</summary>
    [TestMethod]
    [DoNotParallelize]
    public void Run_FreesEveryIntermediateValue()
    {
        using var module = new GraphModule(Backbone.Create("vit-nano"));
        module.eval();
        using var images = randn(4, 3, 32, 32);
        using var guard = no_grad();
        module.call(images).Dispose();
        var before = Tensor.TotalCount;
        module.call(images).Dispose();
        Assert.AreEqual(before, Tensor.TotalCount);
    }

    /// <summary>A value that is overwritten in place lives on, whatever it holds.</summary>
    [TestMethod]
    public void NotANumber_GoesThroughTheGraph()
    {
        using var scope = NewDisposeScope();
        var model = Backbone.Create("vit-nano");
        var weight = model.FindInitializer("blocks.1.mlp.fc1.weight")!;
        weight.SetFloats([.. weight.ToFloats().Select(_ => float.NaN)]);
        using var module = new GraphModule(model);
        module.eval();
        using var guard = no_grad();
        Assert.IsTrue(module.call(randn(2, 3, 32, 32)).isnan().all().item<bool>());
    }

    /// <summary>Sizes that a graph computes, or reads from its inputs, are an error before they fill the memory.</summary>
    [TestMethod]
    public void AbsurdSizes_AreAnErrorOfTheirNode()
    {
        foreach (var (op, inputs) in new (string, Func<Tensor>[])[]
        {
            ("ConstantOfShape", [() => tensor(new[] { 1L << 20, 1L << 20 })]),
            ("Range", [() => tensor(0L), () => tensor(1L << 40), () => tensor(1L)]),
            ("Expand", [() => ones(1), () => tensor(new[] { 1L << 40 })]),
            ("Tile", [() => ones(2), () => tensor(new[] { 1L << 40 })]),
            ("Pad", [() => ones(2), () => tensor(new[] { 0, 1L << 40 })]),
            ("OneHot", [() => tensor(new[] { 1L }), () => tensor(1L << 40), () => ones(2)]),
            ("Resize", [() => ones(1, 1, 2, 2), () => ones(0), () => ones(0), () => tensor(new[] { 1, 1, 1L << 20, 1L << 20 })]),
            ("MatMul", [() => ones(1, 1).expand(1, 1L << 30, 1), () => ones(1, 1).expand(1, 1, 1L << 30)]),
        })
        {
            using var scope = NewDisposeScope();
            Tensor[] values = [.. inputs.Select(make => make())];
            var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = op } };
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
            var node = new NodeProto { OpType = op, Name = "absurd" };
            foreach (var (value, i) in values.Select((v, i) => (v, i)))
            {
                var type = value.dtype == ScalarType.Int64 ? DataType.Int64 : DataType.Float;
                model.Graph.Input.Add(new TensorInfo(type, [.. value.shape.Select((_, d) => new Dim(null, $"d{i}_{d}"))]).ToProto($"x{i}"));
                node.Input.Add($"x{i}");
            }

            node.Output.Add("y");
            model.Graph.Node.Add(node);
            model.Graph.Output.Add(new ValueInfoProto { Name = "y" });
            using var module = new GraphModule(new OnnxModel(model));
            var error = Assert.ThrowsExactly<ModelException>(() => module.Run(values), op);
            StringAssert.Contains(error.Message, $"{op} 'absurd'");
            StringAssert.Contains(error.Message, "more than this machine can hold");
        }
    }

    /// <summary>A processor traps the first quotient, which would end the process.</summary>
    [TestMethod]
    public void IntegerDivision_TakesTheSmallestByMinusOne()
    {
        using var scope = NewDisposeScope();
        long[] left = [long.MinValue, long.MinValue, -7, 7, 7, -7, 5], right = [-1, 1, 2, -2, -1, -1, 7];
        var (a, b) = (tensor(left), tensor(right));
        CollectionAssert.AreEqual(new[] { long.MinValue, long.MinValue, -3, -3, -7, 7, 0 }, IntegerDivision.Quotient(a, b).data<long>().ToArray());
        CollectionAssert.AreEqual(new long[] { 0, 0, 1, -1, 0, 0, 5 }, IntegerDivision.Remainder(a, b, (x, y) => x.remainder(y)).data<long>().ToArray());
        CollectionAssert.AreEqual(new long[] { 0, 0, -1, 1, 0, 0, 5 }, IntegerDivision.Remainder(a, b, (x, y) => x.fmod(y)).data<long>().ToArray());
        Assert.AreEqual(int.MinValue, IntegerDivision.Quotient(tensor(int.MinValue), tensor(-1)).item<int>());
    }

    /// <summary>Against TorchSharp's matmul, which cannot be used: an operand that does not fit would end the process.</summary>
    [TestMethod]
    public void MatrixProduct_IsTorchs_AndReportsWhatDoesNotFit()
    {
        using var scope = NewDisposeScope();
        long[][] lefts = [[3], [2, 3], [4, 2, 3], [1, 2, 3], [5, 1, 2, 3], [0, 2, 3]], rights = [[3], [3, 2], [4, 3, 2], [1, 3, 6], [4, 3, 1]];
        var compared = 0;
        foreach (var (left, right) in lefts.SelectMany(l => rights.Select(r => (l, r))))
        {
            // Lengths in front that broadcast.
            if (left.Length > 2 && right.Length > 2 && left[^3] != right[0] && left[^3] != 1 && right[0] != 1)
            {
                continue;
            }

            foreach (var type in new[] { ScalarType.Float64, ScalarType.Int64 })
            {
                var (a, b) = ((randn(left) * 9).to(type), (randn(right) * 9).to(type));
                var (actual, expected) = (MatrixProduct.Of(a, b), a.matmul(b));
                CollectionAssert.AreEqual(expected.shape, actual.shape);
                Assert.IsTrue(actual.allclose(expected, 1e-12, 1e-12));
                compared++;
            }
        }

        Assert.IsGreaterThan(40, compared);
        foreach (var (a, b) in new[] { (ones(2, 3), ones(2, 3)), (ones(2, 2, 3), ones(3, 3, 2)), (ones(2, 3), ones(3, 2).to(ScalarType.Int64)), (ones(3), ones(2)), (ones(4, 3), ones(4)) })
        {
            Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => MatrixProduct.Of(a, b));
        }

        Assert.ThrowsExactly<ArgumentException>(() => MatrixProduct.Of(ones([]), ones(2)));
    }

    [TestMethod]
    public void UnknownOperator_IsRefusedByNameBeforeAnythingRuns()
    {
        var model = Backbone.Create("vit-nano");
        model.Graph.Node[3].OpType = "Frobnicate";
        var error = Assert.ThrowsExactly<ModelException>(() => new GraphModule(model));
        StringAssert.Contains(error.Message, "Frobnicate");
        StringAssert.Contains(error.Message, "opset 17");
    }

    /// <summary>Fresh biases are 0, norms 1 and the class token 1e-6: spread all values so that no term of a formula can be missed.</summary>
    private static OnnxModel Spread(OnnxModel model)
    {
        var random = new RandomStream(99);
        foreach (var tensor in model.Graph.Initializer.Where(t => model.TrainableNames!.Contains(t.Name)))
        {
            tensor.SetFloats([.. tensor.ToFloats().Select(v => v + (float)(0.05 * random.NextGaussian()))]);
        }

        return model;
    }

    /// <summary>‖a − b‖ / ‖b‖.</summary>
    private static double RelativeError(Tensor a, Tensor b) => ((a - b).norm() / b.norm()).item<float>();
}
