using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;
using ModelMetadata = OneFractal.Export.ModelMetadata;

namespace OneFractal.Tests.Export;

[TestClass]
public sealed class ModelFileTests
{
    private static readonly OnnxModel Whole = TestModels.Classifier();

    [TestMethod]
    public void SaveAndLoad_KeepEveryByte()
    {
        using var folder = new TempFolder();
        var model = TestModels.Classifier();
        model.Save(folder["sub", "model.onnx"]);
        var loaded = OnnxModel.Load(folder["sub", "model.onnx"]);
        Assert.AreEqual(model.Fingerprint(), loaded.Fingerprint());
        CollectionAssert.AreEqual(TestModels.Labels, loaded.Metadata!.Labels.ToArray());
        Assert.AreEqual("features", loaded.FeaturesValue);
        Assert.HasCount(12, loaded.ResidualBranches!);
        CollectionAssert.AreEqual(new[] { folder["sub", "model.onnx"] }, Directory.GetFiles(folder["sub"]), "Nothing temporary is left.");
    }

    /// <summary>ONNX Runtime 1.31 ends the process on a LayerNormalization whose bias has an empty name.</summary>
    [TestMethod]
    public void ABiasThatIsLeftOutByAnEmptyName_IsNotThere()
    {
        using var folder = new TempFolder();
        var g = new GraphBuilder("unbiased");
        g.Output(g.Node("LayerNormalization", [g.Input("x", DataType.Float, 1, 4), g.Parameter("scale", [4], (_, _, values) => values.Fill(1)), null]));
        g.Build().Save(folder["unbiased.onnx"]);
        var model = OnnxModel.Load(folder["unbiased.onnx"]);
        using var session = new InferenceSession(model.Proto.ToByteArray());
        Assert.HasCount(2, model.Graph.Node.Single().Input);
    }

    [TestMethod]
    public void AttributesOfZero_AreWritten()
    {
        var node = new NodeProto { OpType = "Gather" };
        node.Set("axis", 0);
        node.Set("beta", 0f);
        node.Set("mode", "");
        var read = NodeProto.Parser.ParseFrom(node.ToByteArray());
        foreach (var attribute in read.Attribute)
        {
            Assert.IsTrue(attribute.Name switch { "axis" => attribute.HasI, "beta" => attribute.HasF, _ => attribute.HasS }, attribute.Name);
        }

        // The runtime refuses an integer attribute without its value.
        var g = new GraphBuilder("zero");
        g.Output(g.Select(g.Input("x", DataType.Float, 2, 3), 0, 1));
        using var session = new InferenceSession(g.Build().Proto.ToByteArray());
        CollectionAssert.AreEqual(new[] { 3 }, session.OutputMetadata.Values.Single().Dimensions);
    }

    [TestMethod]
    public void WhatIsNoModel_IsOneLine()
    {
        using var folder = new TempFolder();
        var path = folder["model.onnx"];
        StringAssert.Contains(LoadError(path), "does not exist");
        StringAssert.Contains(LoadError(folder.Path), "is a folder");
        File.WriteAllBytes(path, []);
        StringAssert.Contains(LoadError(path), "not an ONNX model");
        File.WriteAllText(path, "#!/bin/sh\necho this is a text\n");
        StringAssert.Contains(LoadError(path), "not an ONNX model");
        TestModels.Classifier().Save(path);
        var bytes = File.ReadAllBytes(path);
        foreach (var length in new[] { 1, 100, bytes.Length / 2, bytes.Length - 1 })
        {
            File.WriteAllBytes(path, bytes[..length]);
            StringAssert.Contains(LoadError(path), "not an ONNX model");
        }
    }

    [TestMethod]
    public void AnInvalidGraph_IsRefusedByName()
    {
        Refused(m => m.Proto.OpsetImport[0].Version = 6, "opset 6");
        Refused(m => m.Proto.OpsetImport[0].Version = 99, "opset 99");
        Refused(m => m.Proto.OpsetImport.Clear(), "which opset");
        Refused(m => m.Proto.IrVersion = 2, "IR version 2");
        Refused(m => m.Proto.Graph = null, "without a graph");
        Refused(m => m.Graph.Output.Clear(), "no outputs");
        Refused(m => m.Graph.Output.Add(m.Graph.Output[0].Clone()), "two outputs are called 'logits'");
        Refused(m => m.Graph.Output[0].Name = "nowhere", "'nowhere' is computed by no node");
        Refused(m => m.Graph.Input.Add(m.Graph.Input[0].Clone()), "two inputs are called 'images'");
        Refused(m => m.Graph.Node[5].Input[0] = "missing", "reads 'missing'");
        Refused(m => m.Graph.Node[5].Output[0] = m.Graph.Node[3].Output[0], "exists already");
        Refused(m => m.Graph.Node[5].OpType = "", "no operator");
        Refused(m => m.Graph.Node[0].Attribute[0].Name = "", "attribute without a name");
        Refused(m => m.Graph.Initializer.Add(m.Graph.Initializer[0].Clone()), "two initializers");
        Refused(m => m.Graph.Initializer[0].DataType = 77, "unknown element type 77");
        Refused(m => m.Graph.Initializer[0].RawData = ByteString.CopyFrom(new byte[7]), "7 bytes of data");
        Refused(m => m.Graph.Initializer[0].Dims[0] = -4, "impossible shape");
        Refused(m => m.Graph.Initializer[0].Dims.Add(long.MaxValue), "impossible shape");
        Refused(m => m.TrainableNames = ["nobody"], "trainable 'nobody'");
        Refused(m => m.FeaturesValue = "nothing", "'nothing', which does not exist");
        Refused(m => m.SetProperty("onefractal.residual_branches", "[null]"), "onefractal.residual_branches");
        Refused(m => m.SetProperty("onefractal.residual_branches", "[{\"depth\":1}]"), "onefractal.residual_branches");
        Refused(m => m.SetProperty("onefractal.trainable", "{}"), "onefractal.trainable");
        Refused(m => m.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx", Version = 18 }), "two opsets of the domain");
        Refused(m => m.Graph.Node[3].Domain = "com.example", "'com.example', of which no opset is imported");
        Refused(m => m.Graph.SparseInitializer.Add(new SparseTensorProto { Values = new TensorProto { Name = "sparse" } }), "'sparse' is a sparse tensor");
        Refused(m => m.Graph.Initializer[0].FloatData.Add(1), "data at two places");
        Refused(m => m.Graph.Initializer[0].ClearRawData(), "has no values");
        Refused(
            m =>
            {
                m.Graph.Initializer[0].ClearRawData();
                m.Graph.Initializer[0].DoubleData.Add(1);
            },
            "1 values in double_data, but Float");
        Refused(m => m.Graph.Initializer[0].Segment = new TensorProto.Types.Segment(), "a segment");
        Refused(m => m.Graph.Initializer.Add(new TensorProto { Name = "text", DataType = (int)DataType.String }), "no values, but String [] needs 1 in string_data");
        Refused(
            m => m.Graph.Initializer.Add(new TensorProto { Name = "int4", DataType = (int)DataType.Int4, Dims = { 3 }, RawData = ByteString.CopyFrom(new byte[3]) }),
            "3 bytes of data, but Int4 [3] needs 2");
        Refused(m => m.Graph.Node[0].Attribute.Add(m.Graph.Node[0].Attribute[0].Clone()), "two attributes");
        Refused(m => m.Graph.Node[0].Attribute[0].RefAttrName = "other", "outside one");
        Refused(m => m.Graph.Node[0].Set("values", new TensorProto { DataType = 55 }), "unknown element type 55");
        Refused(m => m.Graph.Input[0].Type.TensorType.ElemType = 99, "unknown element type 99");
        Refused(m => m.Graph.Input[0].Type.TensorType.Shape.Dim.Add(Enumerable.Repeat(new TensorShapeProto.Types.Dimension(), 70)), "74 dimensions");
        Refused(m => m.TrainableNames = [m.TrainableNames![0], m.TrainableNames[0]], "named twice");
        Refused(m => m.ResidualBranches = [new ResidualBranch("features", 2)], "not in [0, 1]");
        Refused(m => m.Graph.Node[5].Input[0] = m.Graph.Node[5].Output[0], "from this node's result: a cycle");
        Refused(m => m.Graph.Node[5].Input[0] = m.Graph.Node[^1].Output[0], "from this node's result: a cycle");
        // Two nodes in the wrong order are no cycle.
        Refused(
            m =>
            {
                var first = m.Graph.Node[3];
                m.Graph.Node.RemoveAt(3);
                m.Graph.Node.Add(first);
            },
            "comes later, and nodes must stand in the order");
    }

    /// <summary>Whatever is nested too deep for a recursive program is refused, and what is just not too deep is walked.</summary>
    [TestMethod]
    public void DeepNesting_IsRefused()
    {
        using var folder = new TempFolder();
        string Load(int depth)
        {
            var model = TestModels.Features();
            var graph = model.Graph;
            for (var i = 0; i < depth; i++)
            {
                var node = new NodeProto { OpType = "If", Name = $"if{i}" };
                node.Input.Add("images");
                node.Output.Add($"deep{i}");
                var body = new GraphProto { Name = $"body{i}" };
                body.Output.Add(new ValueInfoProto { Name = "images" });
                node.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = body });
                graph.Node.Add(node);
                graph = body;
            }

            File.WriteAllBytes(folder["model.onnx"], model.Proto.ToByteArray());
            try
            {
                var loaded = OnnxModel.Load(folder["model.onnx"]);
                Assert.AreEqual(loaded.Fingerprint(), loaded.Clone().Fingerprint());
                Assert.DoesNotContain(n => n.OpType == "If", ConstantFolding.Apply(loaded).Graph.Node, "No output needs it.");
                return "";
            }
            catch (ModelException e)
            {
                return e.Message;
            }
        }

        Assert.AreEqual("", Load(30));
        StringAssert.Contains(Load(40), "damaged");
        StringAssert.Contains(Load(2000), "damaged");

        // A hundred thousand groups inside each other, which the format skips as unknown fields, and as many sequence types.
        var head = TestModels.Features().Proto.ToByteArray();
        File.WriteAllBytes(folder["model.onnx"], [.. head, .. Enumerable.Range(0, 100_000).SelectMany(_ => new byte[] { 0x9b, 0x06 })]);
        StringAssert.Contains(LoadError(folder["model.onnx"]), "damaged");
    }

    /// <summary>Names and sizes in a file do not make an error more than a line, nor let it command the terminal.</summary>
    [TestMethod]
    public void ErrorsThatQuoteAFile_AreOneShortPrintableLine()
    {
        using var folder = new TempFolder();
        var model = TestModels.Features();
        model.Graph.Node[5].Input[0] = "\u001b[2J\r\n" + new string('x', 100_000);
        File.WriteAllBytes(folder["model.onnx"], model.Proto.ToByteArray());
        var message = LoadError(folder["model.onnx"]);
        Assert.IsLessThan(3000, message.Length);
        Assert.IsFalse(message.Any(char.IsControl), "No control characters.");
    }

    [TestMethod]
    public void SavingWhereThatIsImpossible_IsOneLine_AndLeavesNothing()
    {
        using var folder = new TempFolder();
        var model = TestModels.Small();
        File.WriteAllText(folder["file"], "");
        StringAssert.Contains(SaveError(model, folder["file", "model.onnx"]), "Cannot write");
        Directory.CreateDirectory(folder["folder.onnx"]);
        StringAssert.Contains(SaveError(model, folder["folder.onnx"]), "Cannot write");
        model.Graph.Output.Clear();
        Assert.ThrowsExactly<ModelException>(() => model.Save(folder["invalid.onnx"]));
        CollectionAssert.AreEquivalent(new[] { folder["file"], folder["folder.onnx"] }, Directory.GetFileSystemEntries(folder.Path));
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder["folder.onnx"]));
    }

    /// <summary>Up to IR 3, initializers are inputs too; a folded one must not stay behind as an input.</summary>
    [TestMethod]
    public void InitializersThatAreInputs_FoldWithTheirInputs()
    {
        var model = TestModels.Classifier();
        model.Proto.IrVersion = 3;
        foreach (var initializer in model.Graph.Initializer)
        {
            model.Graph.Input.Add(TensorInfo.From(initializer).ToProto(initializer.Name));
        }

        ModelChecker.Check(model);
        using var session = new InferenceSession(ConstantFolding.Apply(model).Proto.ToByteArray());
        CollectionAssert.AreEqual(new[] { "images" }, session.InputNames.ToArray());
    }

    private static void Refused(Action<OnnxModel> damage, string expected)
    {
        using var folder = new TempFolder();
        var model = Whole.Clone();
        damage(model);
        File.WriteAllBytes(folder["model.onnx"], model.Proto.ToByteArray());
        StringAssert.Contains(LoadError(folder["model.onnx"]), expected);
    }

    private static string LoadError(string path)
    {
        var message = Assert.ThrowsExactly<ModelException>(() => OnnxModel.Load(path)).Message;
        StringAssert.Contains(message, path);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private static string SaveError(OnnxModel model, string path)
    {
        var message = Assert.ThrowsExactly<OneFractalException>(() => model.Save(path)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
