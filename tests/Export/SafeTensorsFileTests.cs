using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Google.Protobuf;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

[TestClass]
public sealed class SafeTensorsFileTests
{
    [TestMethod]
    public void WhatIsWritten_IsReadBack()
    {
        using var folder = new TempFolder();
        var half = new TensorProto { Name = "half", DataType = (int)DataType.Float16, RawData = ByteString.CopyFrom(1, 2, 3, 4) };
        half.Dims.Add(2);
        TensorProto[] tensors =
        [
            TensorProtoExtensions.Float("blocks.0.weight", [2, 3], [1f, -0f, 3f, float.NaN, float.MaxValue, 6f]),
            TensorProtoExtensions.Int64("步", [], [-7]),
            TensorProtoExtensions.Float("empty", [0, 4], []),
            half,
        ];
        SafeTensorsFile.Write(folder["a.safetensors"], tensors, new Dictionary<string, string> { ["recipe"] = "ü \"quoted\"" });
        var (read, metadata) = SafeTensorsFile.Read(folder["a.safetensors"]);
        Assert.HasCount(tensors.Length, read);
        foreach (var tensor in tensors)
        {
            Assert.AreEqual(tensor, read[tensor.Name]);
        }

        Assert.AreEqual("ü \"quoted\"", metadata["recipe"]);
        Assert.AreEqual(0, BinaryPrimitives.ReadInt64LittleEndian(File.ReadAllBytes(folder["a.safetensors"])) % 8, "The data is aligned.");
    }

    [TestMethod]
    public void DamagedFiles_AreOneLine()
    {
        using var folder = new TempFolder();
        var path = folder["a.safetensors"];
        StringAssert.Contains(ReadError(path), "Cannot read");
        File.WriteAllBytes(path, []);
        StringAssert.Contains(ReadError(path), "not a safetensors file");
        WriteRaw(path, """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", new byte[8]);
        Assert.HasCount(1, SafeTensorsFile.Read(path).Tensors);
        foreach (var header in new[]
        {
            """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""",
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}""",
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""",
            """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""",
            """{"a":{"dtype":"X9","shape":[2],"data_offsets":[0,8]}}""",
            """{"a":{"dtype":"F32","data_offsets":[0,8]}}""",
            """{"a":7}""",
            """[1]""",
            """{"a":{"dtype":"F32","shape":[2]""",
            """{"a":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,8]}}""",
            """{"a":{"dtype":"F32","shape":[65536,65536,65536,65536],"data_offsets":[0,8]}}""",
            """{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""",
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}""",
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""",
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,1e999]}}""",
            """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
            """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
            """{"__metadata__":{"x":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
            "{\"a\":" + string.Concat(Enumerable.Repeat("[", 100_000)),
        })
        {
            WriteRaw(path, header, new byte[8]);
            StringAssert.Contains(ReadError(path), path);
        }

        foreach (var length in new[] { 1_000, -1, 0, long.MaxValue, long.MinValue, int.MaxValue })
        {
            WriteRaw(path, "{}", [], length);
            StringAssert.Contains(ReadError(path), "header length");
        }

        Assert.ThrowsExactly<ModelException>(() => SafeTensorsFile.Write(
            folder["b.safetensors"], [TensorProtoExtensions.Float("a", [1], [1]), TensorProtoExtensions.Float("a", [1], [2])]));
        Assert.IsFalse(File.Exists(folder["b.safetensors"]));
    }

    [TestMethod]
    public void RandomDamage_NeverGivesAnotherException()
    {
        using var folder = new TempFolder();
        SafeTensorsFile.Write(folder["a"], [TensorProtoExtensions.Float("weight", [2, 2], [1, 2, 3, 4]), TensorProtoExtensions.Int64("n", [1], [5])]);
        var bytes = File.ReadAllBytes(folder["a"]);
        // Digits and punctuation as often as anything else: what a header is made of.
        var values = Gen.Frequency((1, Gen.Byte), (1, Choose.One("0123456789-e.,:[]{}\"\0"u8.ToArray())));
        Gen.Select(Gen.Select(Gen.Int[0, bytes.Length - 1], values).Array[1, 3], Gen.Int[0, 20]).Sample(
            (edits, cut) =>
            {
                var damaged = bytes.ToArray();
                foreach (var (at, value) in edits)
                {
                    damaged[at] = value;
                }

                damaged = damaged[..^(cut < 4 ? cut : 0)];
                File.WriteAllBytes(folder["b"], damaged);
                try
                {
                    SafeTensorsFile.Read(folder["b"]);
                }
                catch (ModelException e)
                {
                    Assert.DoesNotContain('\n', e.Message);
                }
            },
            iter: 3000,
            threads: 1);
    }

    private static void WriteRaw(string path, string header, byte[] data, long? headerLength = null)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, headerLength ?? json.Length);
        File.WriteAllBytes(path, [.. length, .. json, .. data]);
    }

    private static string ReadError(string path)
    {
        var message = Assert.ThrowsExactly<ModelException>(() => SafeTensorsFile.Read(path)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
