using OneFractal.Export;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

[TestClass]
public sealed class GraphBuilderTests
{
    private static readonly FillParameter Zeros = (_, _, _) => { };

    private readonly GraphBuilder _graph = new("g");

    [TestMethod]
    public void AnUnfitNode_FailsAtItsCall_AndNamesItself()
    {
        var x = _graph.Input("x", DataType.Float, "batch", 4, 6);
        using var scope = _graph.Scope("blocks.0");
        Fails(() => _graph.MatMul(x, _graph.Parameter("a", [5, 7], Zeros)), "MatMul 'blocks.0/MatMul'", "inner dimensions 6 and 5", "float[batch, 4, 6]");
        Fails(() => _graph.Reshape(x, 0, 4, 6, 0), "Reshape", "copies dimension 3");
        Fails(() => _graph.Reshape(x, -1, -1), "Reshape", "[-1, -1]");
        Fails(() => _graph.Transpose(x, 0, 1), "perm [0, 1]");
        Fails(() => _graph.Softmax(x, 3), "axis 3", "rank 3");
        Fails(() => _graph.Concat(1, x, _graph.Initializer(Floats("wide", 1, 4, 7))), "dimension 2 is 6 and 7");
        Fails(() => _graph.Add(x, _graph.Initializer(Floats("five", 5))), "6 and 5 do not broadcast");
        Fails(() => _graph.Add(x, _graph.Int64s(1)), "types differ");
        Fails(() => _graph.Split(x, 2, 4), "split [1, 1, 1, 1]");
        Fails(() => _graph.Conv2d(x, _graph.Initializer(Floats("kernel", 8, 4, 3, 3)), null, 1), "same rank");
        Fails(() => _graph.LayerNormalization(x, _graph.Initializer(Floats("scale", 5)), _graph.Initializer(Floats("bias", 6)), 1e-6f), "the scale [5]");
        Fails(() => _graph.Node("Frobnicate", [x]), "Frobnicate", "no shape rule");
        Fails(() => _graph.Nodes("LayerNormalization", 4, [x, _graph.Initializer(Floats("s", 6)), null]), "4 outputs");
    }

    [TestMethod]
    public void Conv_ChecksChannelsKernelAndSize()
    {
        var x = _graph.Input("x", DataType.Float, 1, 3, 8, 8);
        Fails(() => _graph.Conv2d(x, _graph.Initializer(Floats("four", 8, 4, 3, 3)), null, 1), "expects 4 channels, the input has 3");
        Fails(() => _graph.Conv2d(x, _graph.Initializer(Floats("large", 8, 3, 9, 9)), null, 1), "window of 9");
        Fails(() => _graph.Conv2d(x, _graph.Initializer(Floats("w", 8, 3, 3, 3)), _graph.Initializer(Floats("b", 7)), 1), "8 elements");
    }

    [TestMethod]
    public void AReshape_ThatLosesElements_Fails()
    {
        var x = _graph.Input("x", DataType.Float, 2, 6);
        Fails(() => _graph.Reshape(x, 5, 2), "12 elements cannot become 10");
        Fails(() => _graph.Reshape(x, 5, -1), "12 elements do not divide by 5");
    }

    [TestMethod]
    public void ExtendingAGraph_TakesNoNameThatItHas()
    {
        var x = _graph.Input("x", DataType.Float, 4);
        _graph.Output(_graph.Mul(_graph.Mul(_graph.Mul(x, x), x), x));
        var model = _graph.Build();
        // A gap that the next name would fall into, and a value with the name of that node's output.
        model.Graph.Node[1].Name = "other";
        var added = GraphBuilder.Extend(model);
        var y = added.Mul(added.Find("x"), added.Find("x"));
        added.Output("y", added.Nodes("Split", 2, [y], ("axis", 0))[1]);
        ModelChecker.Check(model);
        Assert.HasCount(model.Graph.Node.Count, model.Graph.Node.Select(n => n.Name).ToHashSet());
        Assert.AreEqual("Mul_4_output", y.Name);
    }

    [TestMethod]
    public void Names_AreUnique_AndPathsFollowTheModules()
    {
        var x = _graph.Input("x", DataType.Float, "batch", 4);
        using (_graph.Scope("blocks.0"))
        using (_graph.Scope("mlp"))
        {
            var weight = _graph.Parameter("weight", [4, 4], Zeros);
            Assert.AreEqual("blocks.0.mlp.weight", weight.Name);
            Fails(() => _graph.Parameter("weight", [4, 4], Zeros), "already has a value called 'blocks.0.mlp.weight'");
            x = _graph.MatMul(x, weight);
        }

        Fails(() => _graph.Input("x", DataType.Float, 1), "'x'");
        Fails(() => _graph.Rename(_graph.Add(x, x), "x"), "'x'");
        var y = _graph.Rename(_graph.Add(x, x), "y");
        Assert.AreEqual(_graph.Float(0.5f), _graph.Float(0.5f), "Constants are shared.");
        Assert.AreNotEqual(_graph.Float(0f), _graph.Float(-0f));
        _graph.Output(y);
        CollectionAssert.AreEqual(new[] { "blocks.0.mlp.weight" }, _graph.Build().TrainableNames!.ToArray());
    }

    [TestMethod]
    public void Build_RefusesAGraphWithoutOutputs_AndTwoOfTheSame()
    {
        var x = _graph.Input("x", DataType.Float, 1);
        var y = _graph.Add(x, x);
        Fails(() => _graph.Build(), "no outputs");
        _graph.Output(y);
        _graph.Output(y);
        Fails(() => _graph.Build(), "two outputs");
    }

    private static OneFractal.Export.Onnx.TensorProto Floats(string name, params long[] shape)
    {
        return TensorProtoExtensions.Float(name, shape, new float[shape.Aggregate(1L, (p, d) => p * d)]);
    }

    private static void Fails(Func<object> build, params string[] expected)
    {
        var error = Assert.ThrowsExactly<ModelException>(() => build());
        foreach (var text in expected)
        {
            StringAssert.Contains(error.Message, text);
        }
    }
}
