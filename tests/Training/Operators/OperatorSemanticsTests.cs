using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Tests.Training.Operators;

/// <summary>What neither the official files nor ONNX Runtime can say.</summary>
[TestClass]
public sealed class OperatorSemanticsTests
{
    [TestMethod]
    [DataRow(7)]
    [DataRow(9)]
    [DataRow(14)]
    [DataRow(15)]
    public void BatchNormalization_InTraining_IsPyTorchs(int opset)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var expected = nn.BatchNorm2d(3, eps: 1e-3, momentum: 0.2);
        Tensor[] given = [randn(3), randn(3), randn(3), rand(3) + 0.5];
        using (no_grad())
        {
            expected.weight!.copy_(given[0]);
            expected.bias!.copy_(given[1]);
            expected.running_mean!.copy_(given[2]);
            expected.running_var!.copy_(given[3]);
        }

        var x = randn(4, 3, 5, 5) * 2 + 1;
        var (mine, theirs) = (x.clone().requires_grad_(), x.clone().requires_grad_());
        var node = new NodeCase("BatchNormalization", opset, [x.@double(), .. given.Select(g => g.@double())], ("epsilon", 1e-3f), ("momentum", 0.8f));
        using var module = new GraphModule(node.Model(ScalarType.Float32, i => i > 0));
        var weights = randn(4, 3, 5, 5);
        for (var step = 0; step < 2; step++)
        {
            var (actual, wanted) = (module.call(mine), expected.call(theirs));
            Assert.IsTrue(actual.allclose(wanted, 1e-6, 1e-6));
            (actual * weights).sum().backward();
            (wanted * weights).sum().backward();
        }

        Assert.IsTrue(mine.grad!.allclose(theirs.grad!, 1e-5, 1e-6));
        var buffers = module.named_buffers().ToDictionary(b => b.name, b => b.buffer);
        Assert.IsTrue(buffers["x3"].allclose(expected.running_mean!, 1e-6, 1e-6));
        Assert.IsTrue(buffers["x4"].allclose(expected.running_var!, 1e-6, 1e-6));

        module.eval();
        expected.eval();
        Assert.IsTrue(module.call(x).allclose(expected.call(x), 1e-5, 1e-5));
        Assert.IsTrue(buffers["x3"].allclose(expected.running_mean!, 1e-6, 1e-6), "Evaluation changes nothing.");
    }

    [TestMethod]
    public void Dropout_InTraining_DropsAndScales()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var node = new NodeCase("Dropout", 13, [ones(10_000, dtype: ScalarType.Float64), tensor(0.3)]) { Outputs = 2 };
        using var module = new GraphModule(node.Model(ScalarType.Float32, i => i > 0));
        var results = module.Run(ones(10_000));
        Assert.AreEqual(0.7, results[1].to(ScalarType.Float64).mean().item<double>(), 0.03);
        Assert.IsTrue(results[0].allclose(results[1] / 0.7f, 1e-6));
    }

    [TestMethod]
    public void WhatOnnxRuntimeLacks_FollowsItsFormula()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var x = randn(2, 5, 3, dtype: ScalarType.Float64);
        Tensor One(string op, int opset, params (string, object)[] attributes) => new NodeCase(op, opset, [x], attributes).Run(ScalarType.Float64, true)[0];
        void Equal(Tensor expected, Tensor actual, string what) => Assert.IsTrue(actual.allclose(expected, 1e-12, 1e-12), what);

        Equal(x / (1 + (-1.7f * x).exp()), One("Swish", 24, ("alpha", 1.7f)), "Swish");
        Equal(x.cumprod(1), new NodeCase("CumProd", 26, [x, tensor(1L)]).Run(ScalarType.Float64, true)[0], "CumProd");
        var backwards = x.flip(1).cumprod(1).flip(1);
        Equal(
            cat([backwards.narrow(1, 1, 4), ones(2, 1, 3, dtype: ScalarType.Float64)], 1),
            new NodeCase("CumProd", 26, [x, tensor(1L)], ("exclusive", 1), ("reverse", 1)).Run(ScalarType.Float64, true)[0],
            "CumProd, exclusive and in reverse");

        // An even window reaches one channel further ahead than back.
        var squares = nn.functional.pad(x.square(), [0, 0, 1, 2]);
        var sums = Enumerable.Range(0, 4).Select(i => squares.narrow(1, i, 5)).Aggregate((a, b) => a + b);
        Equal(x / (1.5f + 0.5f / 4 * sums).pow(0.6f), One("LRN", 13, ("size", 4), ("alpha", 0.5f), ("beta", 0.6f), ("bias", 1.5f)), "LRN");

        var square = randn(2, 2, 2, dtype: ScalarType.Float64);
        var determinant = square.select(1, 0).select(1, 0) * square.select(1, 1).select(1, 1) - square.select(1, 0).select(1, 1) * square.select(1, 1).select(1, 0);
        Equal(determinant, new NodeCase("Det", 11, [square]).Run(ScalarType.Float64, true)[0], "Det");
    }

    [TestMethod]
    public void Resize_Nearest_IsExactOnTies()
    {
        using var scope = NewDisposeScope();
        // Places 1/3, 2, 11/3 of 0.6 times 5: the one in the middle is whole, whatever 1.5 / 0.6 rounds to.
        var node = new NodeCase("Resize", 13, [arange(5, dtype: ScalarType.Float64), null, tensor(new[] { 0.6f })], ("nearest_mode", "floor")) { Fixed = [2] };
        CollectionAssert.AreEqual(new float[] { 0, 2, 3 }, node.Run(ScalarType.Float32, true)[0].data<float>().ToArray());
    }

    [TestMethod]
    public void Unsupported_IsRefusedByNameBeforeItRuns()
    {
        using var scope = NewDisposeScope();
        var x = rand(1, 1, 4, 4, dtype: ScalarType.Float64);
        Refused(new NodeCase("RoiAlign", 16, [x]), "not supported at opset 16: RoiAlign ('RoiAlign')");
        Refused(new NodeCase("Gelu", 19, [x]), "not supported at opset 19: Gelu ('Gelu')");
        Refused(new NodeCase("Upsample", 13, [x, x]), "not supported at opset 13: Upsample ('Upsample')");
        Refused(new NodeCase("Cast", 13, [x], ("to", 12)), "Cast 'Cast' (opset 13): 'y0' has the type Uint32, which TorchSharp does not compute with");
        Refused(new NodeCase("Relu", 13, [x], ("consumed_inputs", (long[])[0])), "Relu 'Relu' (opset 13): the attribute 'consumed_inputs' is not supported");
        Refused(new NodeCase("Elu", 13, [x], ("alpha", 1)), "Elu 'Elu' (opset 13): the attribute 'alpha' is Int, not Float");
        Refused(new NodeCase("GridSample", 16, [x, x], ("mode", "bicubic")), "GridSample 'GridSample' (opset 16): mode 'bicubic' is not supported; use bilinear, nearest");
        Refused(new NodeCase("Conv", 11, [rand([1, 1, 2, 2, 2, 2], dtype: ScalarType.Float64), rand([1, 1, 1, 1, 1, 1], dtype: ScalarType.Float64)]), "4 dimensions of space are not supported");
        Refused(new NodeCase("Attention", 23, [x, x, x, x], ("softcap", 2f)), "softcap together with a mask is not supported");

        var model = new NodeCase("Relu", 13, [x]).Model(ScalarType.Float32, _ => false);
        model.Graph.Input[0].Type.TensorType.ElemType = (int)TensorProto.Types.DataType.Uint64;
        StringAssert.Contains(Assert.ThrowsExactly<ModelException>(() => new GraphModule(model)).Message, "Relu 'Relu' (opset 13): 'x0' has the type Uint64");
        model.Graph.Node.Add(new NodeProto { OpType = "NonMaxSuppression", Name = "nms" });
        model.Graph.Node.Add(new NodeProto { OpType = "Magic", Name = "m1", Domain = "com.example" });
        model.Graph.Node.Add(new NodeProto { OpType = "Magic", Name = "m2", Domain = "com.example" });
        StringAssert.Contains(
            Assert.ThrowsExactly<ModelException>(() => new GraphModule(model)).Message,
            "not supported at opset 13: NonMaxSuppression ('nms'), com.example.Magic ('m1' and 1 more).");
    }

    private static void Refused(NodeCase node, string message)
    {
        StringAssert.Contains(Assert.ThrowsExactly<ModelException>(() => new GraphModule(node.Model(ScalarType.Float32, _ => false))).Message, message);
    }
}
