using System.Diagnostics;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Inference;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>Weights in a file beside the model: written above a limit, read back, and never from anywhere else.</summary>
[TestClass]
public sealed class ExternalDataTests
{
    // A hundredth of the model: what is 2 GiB in earnest.
    private const long Limit = 10_000;

    [TestMethod]
    public void AboveTheLimit_WeightsAreBesideTheModel_AndComeBack()
    {
        using var folder = new TempFolder();
        var model = TestModels.Classifier();
        var path = folder["model.onnx"];
        model.Save(path, Limit);
        CollectionAssert.AreEquivalent(new[] { path, path + ".data" }, Directory.GetFiles(folder.Path));
        Assert.IsLessThan(new FileInfo(path + ".data").Length, new FileInfo(path).Length);
        var loaded = OnnxModel.Load(path);
        Assert.AreEqual(model.Fingerprint(), loaded.Fingerprint());

        // Saved anew it is one file again, wherever that is.
        loaded.Save(folder["elsewhere", "model.onnx"]);
        CollectionAssert.AreEqual(new[] { folder["elsewhere", "model.onnx"] }, Directory.GetFiles(folder["elsewhere"]));
        Assert.AreEqual(model.Fingerprint(), OnnxModel.Load(folder["elsewhere", "model.onnx"]).Fingerprint());

        // ONNX Runtime reads the same weights from it.
        CollectionAssert.AreEqual(Run(folder["elsewhere", "model.onnx"]), Run(path));
        foreach (var tensor in ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)).Graph.Initializer.Where(t => t.ExternalData.Count > 0))
        {
            Assert.AreEqual(0, long.Parse(Entry(tensor, "offset").Value, System.Globalization.CultureInfo.InvariantCulture) % 4096, "A runtime can map it.");
        }
    }

    [TestMethod]
    public void AModelInMemory_RunsOnBothSidesOfTheLimit()
    {
        var model = TestModels.Classifier();
        float[] Outputs(long limit)
        {
            using var options = new SessionOptions();
            using var session = SessionFactory.Open(model, options, limit);
            using var input = OrtValue.CreateTensorValueFromMemory(TestModels.Noise(3 * 32 * 32), [1, 3, 32, 32]);
            using var run = new RunOptions();
            using var outputs = session.Run(run, ["images"], [input], ["logits"]);
            return outputs[0].GetTensorDataAsSpan<float>().ToArray();
        }

        Assert.IsTrue(model.FitsInline());
        Assert.IsFalse(model.FitsInline(Limit));
        // Counted with the places of its tensors, a little more than it is.
        Assert.IsTrue(model.FitsInline(model.Proto.CalculateSize() + 20_000));
        Assert.IsFalse(model.FitsInline(model.Proto.CalculateSize() - 1));
        CollectionAssert.AreEqual(Outputs(OnnxModel.InlineLimit), Outputs(Limit));
    }

    [TestMethod]
    public void TheFingerprint_OfASplitModel_ChangesWithItsWeights()
    {
        var model = TestModels.Classifier();
        var before = model.Fingerprint(Limit);
        Assert.AreEqual(before, model.Clone().Fingerprint(Limit));
        var weight = model.FindInitializer("blocks.0.attn.qkv.weight")!;
        weight.SetFloats([.. weight.ToFloats().Select((v, i) => i == 7 ? v + 1 : v)]);
        Assert.AreNotEqual(before, model.Fingerprint(Limit));
        // The small form is the hash of the file.
        Assert.AreEqual(
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(model.Proto.ToByteArray())), model.Fingerprint());
    }

    [TestMethod]
    public void ASaveThatFails_LeavesNothing()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["file"], "");
        Assert.ThrowsExactly<OneFractalException>(() => TestModels.Classifier().Save(folder["file", "model.onnx"], Limit));
        // The data file cannot be replaced, so the model is not either.
        Directory.CreateDirectory(folder["model.onnx.data"]);
        Assert.ThrowsExactly<OneFractalException>(() => TestModels.Classifier().Save(folder["model.onnx"], Limit));
        CollectionAssert.AreEquivalent(new[] { folder["file"], folder["model.onnx.data"] }, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void DataInAttributesAndSubgraphs_IsRead()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["values.bin"], [.. Enumerable.Range(1, 6).SelectMany(i => BitConverter.GetBytes((float)i))]);
        var model = WithExternal("values.bin", [2], ("offset", "12"));
        var node = new NodeProto { OpType = "Constant", Name = "c" };
        node.Output.Add("c");
        node.Set("value", External("", "values.bin", [3]));
        var body = new GraphProto { Name = "body" };
        body.Initializer.Add(External("inner", "./values.bin", [1], ("offset", "20"), ("length", "4"), ("checksum", "whatever")));
        body.Output.Add(new ValueInfoProto { Name = "inner" });
        var branch = new NodeProto { OpType = "If", Name = "if" };
        branch.Input.Add("x");
        branch.Output.Add("z");
        branch.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        model.Graph.Node.Add([node, branch]);
        File.WriteAllBytes(folder["model.onnx"], model.ToByteArray());

        var graph = OnnxModel.Load(folder["model.onnx"]).Graph;
        CollectionAssert.AreEqual(new[] { 4f, 5f }, graph.Initializer[0].ToFloats());
        CollectionAssert.AreEqual(new[] { 1f, 2f, 3f }, graph.Node[1].Attribute[0].T.ToFloats());
        CollectionAssert.AreEqual(new[] { 6f }, graph.Node[2].Attribute[0].G.Initializer[0].ToFloats());
    }

    [TestMethod]
    [DataRow("../secret.bin", "not a file in the model's folder")]
    [DataRow("sub/../../secret.bin", "not a file in the model's folder")]
    [DataRow("/etc/hostname", "not a file in the model's folder")]
    [DataRow("C:\\secret.bin", "not a file in the model's folder")]
    [DataRow("C:secret.bin", "not a file in the model's folder")]
    [DataRow("\\\\server\\share", "not a file in the model's folder")]
    [DataRow("..\\secret.bin", "not a file in the model's folder")]
    [DataRow("", "not a file in the model's folder")]
    [DataRow("link.bin", "leaves the model's folder")]
    [DataRow("linkfolder/secret.bin", "leaves the model's folder")]
    [DataRow("chain.bin", "leaves the model's folder")]
    [DataRow("loop.bin", "symbolic links")]
    [DataRow("missing.bin", "does not exist")]
    [DataRow("sub", "does not exist")]
    [DataRow("pipe", "which has 0")]
    [DataRow("null", "leaves the model's folder")]
    public void AnythingOutsideTheFolder_IsRefused(string location, string expected)
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["model", "sub"]);
        File.WriteAllBytes(folder["secret.bin"], new byte[100]);
        File.CreateSymbolicLink(folder["model", "link.bin"], folder["secret.bin"]);
        File.CreateSymbolicLink(folder["model", "linkfolder"], "..");
        File.CreateSymbolicLink(folder["model", "chain.bin"], "link.bin");
        File.CreateSymbolicLink(folder["model", "loop.bin"], "loop.bin");
        File.CreateSymbolicLink(folder["model", "null"], "/dev/null");
        using (var mkfifo = Process.Start("mkfifo", folder["model", "pipe"]))
        {
            mkfifo.WaitForExit();
        }

        StringAssert.Contains(LoadError(folder, WithExternal(location, [2])), expected);
    }

    [TestMethod]
    public void ALinkInsideTheFolder_AndAFolderThatIsALink_AreFine()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["model", "sub"]);
        File.WriteAllBytes(folder["model", "sub", "values.bin"], new byte[8]);
        File.CreateSymbolicLink(folder["model", "link.bin"], Path.Combine("sub", "values.bin"));
        Directory.CreateSymbolicLink(folder["door"], folder["model"]);
        File.WriteAllBytes(folder["model", "model.onnx"], WithExternal("link.bin", [2]).ToByteArray());
        Assert.HasCount(2, OnnxModel.Load(folder["door", "model.onnx"]).Graph.Initializer[0].ToFloats());
    }

    [TestMethod]
    public void RangesThatCannotBe_AreRefused()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["model"]);
        File.WriteAllBytes(folder["model", "values.bin"], new byte[16]);
        void Refused(string expected, long[] dims, params (string, string)[] entries)
        {
            StringAssert.Contains(LoadError(folder, WithExternal("values.bin", dims, entries)), expected);
        }

        Refused("'-4', which is not a number", [2], ("offset", "-4"));
        Refused("which is not a number", [2], ("offset", "99999999999999999999"));
        Refused("which is not a number", [2], ("length", "0x8"));
        Refused("which has 16", [2], ("offset", "9"));
        Refused("which has 16", [2], ("offset", "9223372036854775807"));
        Refused("has 12 bytes, but Float [2] needs 8", [2], ("length", "12"));
        Refused("which has 16", [5]);
        Refused("which has 16", [1 << 28]);
        Refused("8589934588 bytes; 2147483591 are the most", [int.MaxValue]);
        Refused("impossible shape", [1L << 40]);
        Refused("impossible shape", [-1]);
        Refused("described twice", [2], ("location", "values.bin"));

        var both = WithExternal("values.bin", [2]);
        both.Graph.Initializer[0].RawData = ByteString.CopyFrom(new byte[8]);
        StringAssert.Contains(LoadError(folder, both), "two places");

        // Many tensors that read the same bytes would be a small file that fills the memory; the same tensor twice is one that is shared.
        var many = WithExternal("values.bin", [3]);
        many.Graph.Initializer.Add(External("again", "values.bin", [3]));
        File.WriteAllBytes(folder["model", "model.onnx"], many.ToByteArray());
        OnnxModel.Load(folder["model", "model.onnx"]);
        many.Graph.Initializer.Add(External("shifted", "values.bin", [3], ("offset", "4")));
        StringAssert.Contains(LoadError(folder, many), "overlap");
    }

    private static ModelProto WithExternal(string location, long[] dims, params (string, string)[] entries)
    {
        var g = new GraphBuilder("external");
        var x = g.Input("x", DataType.Float, 1);
        g.Output(g.Add(x, x));
        var model = g.Build().Proto;
        model.Graph.Initializer.Add(External("values", location, dims, entries));
        return model;
    }

    private static TensorProto External(string name, string location, long[] dims, params (string Key, string Value)[] entries)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Float, DataLocation = TensorProto.Types.DataLocation.External };
        tensor.Dims.AddRange(dims);
        tensor.ExternalData.AddRange(entries.Prepend(("location", location)).Select(e => new StringStringEntryProto { Key = e.Item1, Value = e.Item2 }));
        return tensor;
    }

    private static StringStringEntryProto Entry(TensorProto tensor, string key) => tensor.ExternalData.Single(e => e.Key == key);

    private static string LoadError(TempFolder folder, ModelProto model)
    {
        var path = folder["model", "model.onnx"];
        File.WriteAllBytes(path, model.ToByteArray());
        var message = Assert.ThrowsExactly<ModelException>(() => OnnxModel.Load(path)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private static float[] Run(string path)
    {
        using var session = new InferenceSession(path);
        using var input = OrtValue.CreateTensorValueFromMemory(TestModels.Noise(3 * 32 * 32), [1, 3, 32, 32]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["images"], [input], ["logits"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
