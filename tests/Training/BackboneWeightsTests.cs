using System.Runtime.InteropServices;
using Google.Protobuf;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Training;

[TestClass]
public sealed class BackboneWeightsTests
{
    [TestMethod]
    [DataRow("vit-nano", "a.safetensors")]
    [DataRow("vit-nano", "a.pth")]
    [DataRow("resnet-micro", "a.safetensors")]
    [DataRow("resnet-micro", "a.pt")]
    [DataRow("resnet-micro", "a.BIN")]
    public void RoundTrip_IsBitExact(string backbone, string file)
    {
        using var folder = new TempFolder();
        var model = WithStatistics(TestModels.Classifier(backbone));
        var (tensors, values) = BackboneWeights.Save(model, folder[file]);
        var names = (string[])[.. model.TrainableNames!, .. model.RunningStatistics];
        Assert.AreEqual(names.Length + (model.RunningStatistics.Count / 2), tensors);
        Assert.IsGreaterThan(Backbone.CountParameters(model) - 1, values);

        var fresh = Backbone.WithHead(Backbone.Create(backbone, seed: 9), TestModels.Labels, seed: 9);
        var loaded = BackboneWeights.Load(fresh, folder[file]);
        AssertWeights(model, loaded, names);
        Assert.AreEqual(file, loaded.Metadata!.Provenance["weights"]);
        Assert.AreNotEqual(model.FindInitializer(names[0]), fresh.FindInitializer(names[0]), "The model that was given is as it was.");
    }

    [TestMethod]
    [DataRow("a.safetensors")]
    [DataRow("a.pth")]
    public void Names_AreTimms_InPyTorchsOrder(string file)
    {
        using var folder = new TempFolder();
        BackboneWeights.Save(Backbone.WithHead(Backbone.Create("resnet-micro"), TestModels.Labels), folder[file]);
        var names = ReadAll(folder[file]).Select(t => t.Name).ToArray();
        CollectionAssert.IsSubsetOf(
            new[] { "layer2.0.downsample.0.weight", "layer2.0.downsample.1.running_var", "layer2.0.downsample.1.num_batches_tracked", "fc.weight", "fc.bias" }, names);
        if (file.EndsWith("pth", StringComparison.Ordinal))
        {
            CollectionAssert.AreEqual(
                new[] { "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "bn1.num_batches_tracked", "layer1.0.conv1.weight" }, names[..7]);
        }

        var count = ReadAll(folder[file]).Single(t => t.Name == "bn1.num_batches_tracked");
        Assert.AreEqual(DataType.Int64, count.ElementType());
        Assert.IsEmpty(count.Dims);
        if (file.EndsWith("safetensors", StringComparison.Ordinal))
        {
            Assert.AreEqual("pt", SafeTensorsFile.Read(folder[file]).Metadata["format"]);
        }
    }

    [TestMethod]
    [DataRow("a.safetensors")]
    [DataRow("a.pth")]
    public void Head_IsLeftOut_WhereThereIsNone_OrOnRequest(string file)
    {
        using var folder = new TempFolder();
        var classifier = TestModels.Classifier("resnet-micro");
        BackboneWeights.Save(classifier, folder[file]);
        var backbone = BackboneWeights.Load(Backbone.Create("resnet-micro"), folder[file]);
        AssertWeights(classifier, backbone, backbone.TrainableNames!);
        Assert.IsNull(backbone.FindInitializer("fc.weight"));

        var other = Backbone.WithHead(Backbone.Create("resnet-micro"), ["a", "b"]);
        StringAssert.Contains(Error(other, folder[file]), "2 of another shape (fc.weight [5, 256] for [2, 256], fc.bias [5] for [2]). The head has other classes");
        var kept = BackboneWeights.Load(other, folder[file], keepHead: true);
        AssertWeights(classifier, kept, backbone.TrainableNames!);
        AssertWeights(other, kept, ["fc.weight", "fc.bias"]);

        BackboneWeights.Save(backbone, folder[file]);
        StringAssert.Contains(Error(other, folder[file]), "2 missing (fc.weight, fc.bias)");
        AssertWeights(other, BackboneWeights.Load(other, folder[file], keepHead: true), ["fc.weight", "fc.bias"]);
    }

    [TestMethod]
    [DataRow("a.safetensors")]
    [DataRow("a.pth")]
    public void WhatDiffers_IsOneLine(string file)
    {
        using var folder = new TempFolder();
        var model = TestModels.Features();
        BackboneWeights.Save(model, folder[file]);
        var tensors = ReadAll(folder[file]);
        WriteAll(folder[file], tensors.Where(t => !t.Name.StartsWith("blocks.3.", StringComparison.Ordinal)).Append(TensorProtoExtensions.Float("extra", [1], [1])));
        var error = Error(model, folder[file]);
        StringAssert.Contains(error, "12 missing (blocks.3.");
        StringAssert.Contains(error, ", ...); 1 unexpected (extra).");
        StringAssert.Contains(error, "vit_nano_patch8_32");

        WriteAll(folder[file], tensors);
        error = Error(Backbone.Create("vit-nano", imageSize: 64), folder[file]);
        StringAssert.Contains(error, "1 of another shape (pos_embed [1, 17, 128] for [1, 65, 128]). A position embedding belongs to one image size");

        WriteAll(folder[file], []);
        StringAssert.Contains(Error(model, folder[file]), $"{tensors.Count} missing");
        WriteAll(folder[file], tensors.Select(t => t.Name == "norm.bias" ? TensorProtoExtensions.Int64("norm.bias", [128], new long[128]) : t));
        StringAssert.Contains(Error(model, folder[file]), "'norm.bias' has Int64 values");
    }

    [TestMethod]
    [DataRow("a.safetensors")]
    [DataRow("a.pth")]
    public void OtherTypes_BecomeFloat_AndPrefixesGo(string file)
    {
        using var folder = new TempFolder();
        var model = TestModels.Features();
        BackboneWeights.Save(model, folder[file]);
        var types = new[] { DataType.Float16, DataType.Bfloat16, DataType.Double };
        var tensors = ReadAll(folder[file]).Select((t, i) => As(t, "module." + t.Name, types[i % 3])).ToArray();
        WriteAll(folder[file], tensors.Append(TensorProtoExtensions.Int64("module.layers.0.attn.relative_position_index", [2], [0, 1])));
        var loaded = BackboneWeights.Load(Backbone.Create("vit-nano"), folder[file]);
        foreach (var tensor in tensors)
        {
            var name = tensor.Name["module.".Length..];
            var expected = model.FindInitializer(name)!.ToFloats().Select(v => tensor.ElementType() switch
            {
                DataType.Float16 => (float)(Half)v,
                DataType.Bfloat16 => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(v) & 0xffff0000),
                _ => v,
            });
            CollectionAssert.AreEqual(expected.ToArray(), loaded.FindInitializer(name)!.ToFloats(), name);
        }
    }

    [TestMethod]
    public void WhatHasNoWeights_IsOneLine()
    {
        using var folder = new TempFolder();
        var model = TestModels.Features();
        Assert.Contains(".safetensors", Assert.ThrowsExactly<UsageException>(() => BackboneWeights.Save(model, folder["a.onnx"])).Message);
        Assert.Contains(".safetensors", Assert.ThrowsExactly<UsageException>(() => BackboneWeights.Load(model, folder["a.npz"])).Message);
        Assert.Contains("does not say", Assert.ThrowsExactly<ModelException>(() => BackboneWeights.Save(ConstantFolding.Apply(model), folder["a.pth"])).Message);
        Assert.Contains("Cannot read", Assert.ThrowsExactly<ModelException>(() => BackboneWeights.Load(model, folder["a.pth"])).Message);
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static OnnxModel WithStatistics(OnnxModel model)
    {
        foreach (var (name, i) in model.RunningStatistics.Select((name, i) => (name, i)))
        {
            var tensor = model.FindInitializer(name)!;
            tensor.SetFloats(TestModels.Noise(tensor.ElementCount(), (ulong)i));
        }

        return model;
    }

    private static TensorProto As(TensorProto tensor, string name, DataType type)
    {
        var values = tensor.ToFloats();
        var bytes = type switch
        {
            DataType.Float16 => MemoryMarshal.AsBytes(values.Select(v => (Half)v).ToArray().AsSpan()),
            DataType.Bfloat16 => MemoryMarshal.AsBytes(values.Select(v => (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)).ToArray().AsSpan()),
            _ => MemoryMarshal.AsBytes(values.Select(v => (double)v).ToArray().AsSpan()),
        };
        var result = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        result.Dims.AddRange(tensor.Dims);
        return result;
    }

    private static IReadOnlyCollection<TensorProto> ReadAll(string path)
    {
        return path.EndsWith("safetensors", StringComparison.Ordinal) ? [.. SafeTensorsFile.Read(path).Tensors.Values] : PyTorchFile.Read(path);
    }

    private static void WriteAll(string path, IEnumerable<TensorProto> tensors)
    {
        if (path.EndsWith("safetensors", StringComparison.Ordinal))
        {
            SafeTensorsFile.Write(path, tensors);
        }
        else
        {
            PyTorchFile.Write(path, tensors);
        }
    }

    private static string Error(OnnxModel model, string path)
    {
        var message = Assert.ThrowsExactly<ModelException>(() => BackboneWeights.Load(model, path)).Message;
        StringAssert.Contains(message, path);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private static void AssertWeights(OnnxModel expected, OnnxModel actual, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            var (a, b) = (expected.FindInitializer(name)!, actual.FindInitializer(name)!);
            CollectionAssert.AreEqual(a.Dims, b.Dims, name);
            Assert.IsTrue(a.ToBytes().Span.SequenceEqual(b.ToBytes().Span), name);
        }
    }
}
