using CsCheck;
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
        Refused(m => m.Proto.OpsetImport.Clear(), "opset 0");
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
        // Two nodes in the wrong order are what a cycle looks like.
        Refused(
            m =>
            {
                var first = m.Graph.Node[3];
                m.Graph.Node.RemoveAt(3);
                m.Graph.Node.Add(first);
            },
            "which nothing before it computes");
    }

    /// <summary>A file with a few bytes changed is refused with our exception, or is a model that everything else can handle.</summary>
    [TestMethod]
    public void RandomDamage_NeverGivesAnotherException()
    {
        using var folder = new TempFolder();
        var bytes = Small().Proto.ToByteArray();
        var worked = 0;
        var changes = Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte).Array[1, 4];
        changes.Sample(
            edits =>
            {
                var damaged = bytes.ToArray();
                foreach (var (at, value) in edits)
                {
                    damaged[at] = value;
                }

                var path = folder[$"{Guid.NewGuid()}.onnx"];
                File.WriteAllBytes(path, damaged);
                try
                {
                    var model = OnnxModel.Load(path);
                    _ = model.Metadata;
                    FixedBatch.Apply(model, 2).Save(path);
                    ClassificationHead.Detach(model);
                    StochasticDepth.Insert(model, 0.1);
                    worked++;
                }
                catch (ModelException e)
                {
                    Assert.DoesNotContain('\n', e.Message);
                }
                finally
                {
                    File.Delete(path);
                }
            },
            iter: 600,
            threads: 1);
        Assert.IsGreaterThan(0, worked);
    }

    [TestMethod]
    public void SavingWhereThatIsImpossible_IsOneLine_AndLeavesNothing()
    {
        using var folder = new TempFolder();
        var model = Small();
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

    /// <summary>A few hundred bytes of weights and a little of everything, so that damage seldom hits a mere weight.</summary>
    private static OnnxModel Small()
    {
        FillParameter fill = (_, _, values) => values.Fill(0.25f);
        var g = new GraphBuilder("small");
        var images = g.Input("images", DataType.Float, "batch", 3, 4, 4);
        var patches = g.Conv2d(images, g.Parameter("proj.weight", [4, 3, 2, 2], fill), g.Parameter("proj.bias", [4], fill), 2);
        var x = g.Transpose(g.Reshape(patches, 0, 4, 4), 0, 2, 1);
        var token = g.Parameter("cls_token", [1, 1, 4], fill);
        x = g.Concat(1, g.Expand(token, g.Concat(0, g.SizeOf(images, 0), g.Int64s(1, 4))), x);
        var branch = g.Linear(g.LayerNormalization(x, g.Parameter("s", [4], fill), g.Parameter("b", [4], fill), 1e-6f), g.Parameter("w", [4, 4], fill), g.Parameter("v", [4], fill));
        x = g.Add(x, g.ResidualBranch(g.Gelu(g.Mul(g.Split(branch, 2, 1)[0], g.Float(2))), 1));
        var features = g.Rename(g.Select(x, 1, 0), "features");
        g.Output(features);
        var model = g.Build(features.Name);
        model.Metadata = new ModelMetadata { Architecture = "small", NumFeatures = 4, Preprocessing = new Preprocessing(3, 4, 4) };
        return ClassificationHead.Attach(model, ["a", "b"], fill);
    }

    private static void Refused(Action<OnnxModel> damage, string expected)
    {
        using var folder = new TempFolder();
        var model = TestModels.Classifier();
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
