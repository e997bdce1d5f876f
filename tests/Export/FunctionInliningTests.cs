using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>Local functions become the nodes that they stand for; ONNX Runtime, which knows functions, computes the same before and after.</summary>
[TestClass]
public sealed class FunctionInliningTests
{
    private const string Domain = "local";

    [TestMethod]
    public void CallsWithAttributesDefaultsAndOtherCalls_ComputeTheSame()
    {
        // twice(x) = x + x; scaled(x, optional y) = LeakyRelu(twice(x) · x, alpha) + hidden value "t" that callers use too.
        var twice = Function("twice", ["x"], ["y"], Node("Add", ["x", "x"], "y"));
        var scaled = Function("scaled", ["x"], ["y", "again"], Node("twice", ["x"], "t", Domain), Node("Mul", ["t", "x"], "u"), Node("LeakyRelu", ["u"], "y"), Node("Identity", ["t"], "again"));
        scaled.Node[2].Attribute.Add(new AttributeProto { Name = "alpha", RefAttrName = "slope", Type = AttributeProto.Types.AttributeType.Float });
        scaled.AttributeProto.Add(new AttributeProto { Name = "slope", F = 0.25f, Type = AttributeProto.Types.AttributeType.Float });
        var through = Function("through", ["a"], ["a"], Node("Neg", ["a"], "unused"));

        var first = Node("scaled", ["x"], "t", Domain);
        first.Set("slope", 0.5f);
        first.Output.Add("unused");
        var second = Node("scaled", ["t"], "u", Domain);
        second.Output.Add("v");
        var model = Model([first, second, Node("through", ["v"], "w", Domain), Node("Add", ["u", "w"], "z")], twice, scaled, through);

        using var folder = new TempFolder();
        File.WriteAllBytes(folder["model.onnx"], model.ToByteArray());
        var loaded = OnnxModel.Load(folder["model.onnx"]);
        Assert.IsEmpty(loaded.Proto.Functions);
        Assert.IsTrue(loaded.Graph.Node.All(n => n.IsStandard()));
        // "through" has an output that is its input, which ONNX Runtime does not take: it is compared without.
        model.Graph.Node[2] = Node("Identity", ["v"], "w");
        model.Functions.Remove(through);
        var expected = Run(model);
        Assert.HasCount(4, expected);
        CollectionAssert.AreEqual(expected, Run(loaded.Proto));
        Assert.AreNotEqual(expected[0], expected[3]);
    }

    [TestMethod]
    public void FunctionsThatCannotBeInlined_AreRefusedByName()
    {
        Refused("'f' calls itself", Function("f", ["x"], ["y"], Node("f", ["x"], "y", Domain)));
        Refused("calls itself", Function("f", ["x"], ["y"], Node("g", ["x"], "y", Domain)), Function("g", ["x"], ["y"], Node("f", ["x"], "y", Domain)));
        Refused("two local functions are called 'f'", Function("f", ["x"], ["y"], Node("Neg", ["x"], "y")), Function("f", ["x"], ["y"], Node("Neg", ["x"], "y")));
        var old = Function("f", ["x"], ["y"], Node("Neg", ["x"], "y"));
        old.OpsetImport[0].Version = 12;
        Refused("'f' is written for opset 12, the graph for 17", old);
        Refused("more inputs or outputs", Function("f", [], ["y"], Node("Neg", ["x"], "y")));
        Refused("which nothing computes", Function("f", ["x"], ["y"], Node("Neg", ["nobody"], "y")));

        // A function whose If calls it again.
        var inner = new GraphProto { Name = "body" };
        inner.Node.Add(Node("f", ["x"], "y", Domain));
        inner.Output.Add(new ValueInfoProto { Name = "y" });
        var branch = Node("If", ["x"], "y");
        branch.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = inner });
        Refused("make more than", Function("f", ["x"], ["y"], branch));

        // Thirty functions that each call the next twice: a billion nodes from a small file.
        Refused("make more than", [.. Enumerable.Range(0, 30).Select(i => Function(
            i == 0 ? "f" : $"f{i}", ["x"], ["y"],
            i == 29 ? [Node("Neg", ["x"], "y")] : [Node($"f{i + 1}", ["x"], "t", Domain), Node($"f{i + 1}", ["t"], "y", Domain)]))]);
    }

    private static void Refused(string expected, params FunctionProto[] functions)
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["model.onnx"], Model([Node("f", ["x"], "z", Domain)], functions).ToByteArray());
        var message = Assert.ThrowsExactly<ModelException>(() => OnnxModel.Load(folder["model.onnx"])).Message;
        StringAssert.Contains(message, expected);
        StringAssert.Contains(message, folder["model.onnx"]);
    }

    private static NodeProto Node(string opType, string[] inputs, string output, string domain = "")
    {
        var node = new NodeProto { OpType = opType, Domain = domain, Name = $"{opType}_{output}" };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        return node;
    }

    private static FunctionProto Function(string name, string[] inputs, string[] outputs, params NodeProto[] nodes)
    {
        var function = new FunctionProto { Name = name, Domain = Domain };
        function.Input.AddRange(inputs);
        function.Output.AddRange(outputs);
        function.Node.AddRange(nodes);
        function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        function.OpsetImport.Add(new OperatorSetIdProto { Domain = Domain, Version = 1 });
        return function;
    }

    private static ModelProto Model(NodeProto[] nodes, params FunctionProto[] functions)
    {
        var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "main" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = Domain, Version = 1 });
        model.Functions.AddRange(functions);
        model.Graph.Input.Add(new TensorInfo(DataType.Float, [4]).ToProto("x"));
        model.Graph.Output.Add(new TensorInfo(DataType.Float, [4]).ToProto("z"));
        model.Graph.Node.AddRange(nodes);
        return model;
    }

    private static float[] Run(ModelProto model)
    {
        using var session = new InferenceSession(model.ToByteArray());
        using var input = OrtValue.CreateTensorValueFromMemory(new[] { -1.5f, 2f, -0.25f, 3f }, [4]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["x"], [input], ["z"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
