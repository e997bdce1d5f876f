using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>
/// PyTorch files against Python's own zipfile and pickle, which PyTorch uses: classes of torch's names stand in for torch, and describe what a
/// state dict holds.
/// </summary>
[TestClass]
public sealed class PyTorchFileTests
{
    private const string Python = "/usr/bin/python3";

    private const string Torch = """
        import collections, hashlib, itertools, pickle, pickletools, struct, sys, types, zipfile

        SIZES = dict(DoubleStorage=8, FloatStorage=4, HalfStorage=2, BFloat16Storage=2, LongStorage=8, IntStorage=4, ShortStorage=2, CharStorage=1, ByteStorage=1, BoolStorage=1)
        torch, utils = types.ModuleType('torch'), types.ModuleType('torch._utils')
        torch._utils = utils
        for name in SIZES:
            setattr(torch, name, type(name, (), dict(__module__='torch')))

        class Storage:
            def __init__(self, kind, data):
                self.kind, self.data = kind, data

        class Tensor:
            def __init__(self, storage, offset, size, stride):
                self.storage, self.offset, self.size, self.stride = storage, offset, tuple(size), tuple(stride)
            def __reduce_ex__(self, protocol):
                return utils._rebuild_tensor_v2, (self.storage, self.offset, self.size, self.stride, False, collections.OrderedDict())
            def bytes(self):
                n = SIZES[self.storage.kind]
                at = (self.offset + sum(i * s for i, s in zip(index, self.stride)) for index in itertools.product(*map(range, self.size)))
                return b''.join(self.storage.data[i * n:(i + 1) * n] for i in at)
            def line(self, name):
                return f"{name}|{self.storage.kind}|{','.join(map(str, self.size))}|{hashlib.sha256(self.bytes()).hexdigest()}"

        def _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks):
            assert requires_grad is False and type(backward_hooks) is collections.OrderedDict
            return Tensor(storage, offset, size, stride)
        _rebuild_tensor_v2.__module__ = 'torch._utils'
        utils._rebuild_tensor_v2 = _rebuild_tensor_v2
        sys.modules.update({'torch': torch, 'torch._utils': utils})

        """;

    private const string Reader = Torch + """
        archive = zipfile.ZipFile(sys.argv[1])
        assert archive.testzip() is None and all(i.compress_type == zipfile.ZIP_STORED for i in archive.infolist())
        root = archive.namelist()[0].split('/')[0]
        assert archive.read(root + '/version') == b'3\n' and archive.read(root + '/byteorder') == b'little'
        data = archive.read(root + '/data.pkl')
        assert data[:2] == b'\x80\x02' and max(op.proto for op, _, _ in pickletools.genops(data)) == 2

        class Unpickler(pickle.Unpickler):
            def persistent_load(self, id):
                tag, kind, key, device, count = id
                assert tag == 'storage' and device == 'cpu'
                data = archive.read(f'{root}/data/{key}')
                assert len(data) == count * SIZES[kind.__name__]
                return Storage(kind.__name__, data)

        state = Unpickler(archive.open(root + '/data.pkl')).load()
        assert type(state) is collections.OrderedDict
        for name, tensor in state.items():
            print(tensor.line(name))
        """;

    private const string Writer = Torch + """
        import argparse
        keys = {}
        class Pickler(pickle.Pickler):
            def persistent_id(self, o):
                if isinstance(o, Storage):
                    keys.setdefault(id(o), (str(len(keys)), o))
                    return 'storage', getattr(torch, o.kind), keys[id(o)][0], 'cuda:0', len(o.data) // SIZES[o.kind]

        def floats(count, first=0.0):
            return Storage('FloatStorage', struct.pack(f'<{count}f', *(first + i / 8 for i in range(count))))

        shared = floats(200)
        state = collections.OrderedDict(
            contiguous=Tensor(floats(24), 0, (2, 3, 4), (12, 4, 1)),
            transposed=Tensor(shared, 0, (5, 4), (1, 5)),
            channels_last=Tensor(shared, 20, (2, 3, 4, 5), (60, 1, 15, 3)),
            offset=Tensor(shared, 140, (3, 4), (4, 1)),
            every_second=Tensor(shared, 3, (7,), (2,)),
            expanded=Tensor(shared, 9, (3, 2), (0, 1)),
            scalar=Tensor(shared, 77, (), ()),
            empty=Tensor(shared, 200, (0, 4), (4, 1)),
            ones=Tensor(shared, 5, (1, 6, 1), (99, 1, 77)),
            count=Tensor(Storage('LongStorage', struct.pack('<q', -5)), 0, (), ()),
            half=Tensor(Storage('HalfStorage', struct.pack('<6e', *range(6))), 0, (3, 2), (1, 3)),
            brain=Tensor(Storage('BFloat16Storage', struct.pack('<4H', 0x3f80, 0xc020, 0x7f80, 1)), 1, (3,), (1,)),
            double=Tensor(Storage('DoubleStorage', struct.pack('<2d', 0.1, -1e300)), 0, (2,), (1,)))
        state['blocks.0.größe'] = state['contiguous']
        state._metadata = collections.OrderedDict([('', {'version': 1})])
        old = collections.OrderedDict(weight=Tensor(floats(3, 50.0), 0, (3,), (1,)))
        optimizer = dict(state={0: dict(step=Tensor(floats(1), 0, (), ())), 1: {}}, param_groups=[dict(lr=1e-3, betas=(0.9, 0.999), params=[0, 1, 300, 70000, 2 ** 40, -(2 ** 40)], fused=None)])
        checkpoint = dict(epoch=300, arch='vit', args=argparse.Namespace(lr=0.1, path='x' * 300), metric=81.5, best=True, optimizer=optimizer, state_dict=old, state_dict_ema=state)
        with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_STORED) as archive, archive.open('run-7/data.pkl', 'w') as data:
            Pickler(data, 2).dump(checkpoint if sys.argv[2] == 'checkpoint' else state)
        with zipfile.ZipFile(sys.argv[1], 'a', zipfile.ZIP_STORED) as archive:
            archive.writestr('run-7/byteorder', b'little')
            for key, storage in keys.values():
                info = zipfile.ZipInfo(f'run-7/data/{key}')
                info.extra = b'FB' + struct.pack('<H', 11) + b'Z' * 11
                archive.writestr(info, storage.data)
            archive.writestr('run-7/version', b'3\n')
        for name, tensor in state.items():
            print(tensor.line(name))
        """;

    private static readonly Dictionary<string, DataType> Storages = new()
    {
        ["DoubleStorage"] = DataType.Double,
        ["FloatStorage"] = DataType.Float,
        ["HalfStorage"] = DataType.Float16,
        ["BFloat16Storage"] = DataType.Bfloat16,
        ["LongStorage"] = DataType.Int64,
        ["IntStorage"] = DataType.Int32,
        ["ShortStorage"] = DataType.Int16,
        ["CharStorage"] = DataType.Int8,
        ["ByteStorage"] = DataType.Uint8,
        ["BoolStorage"] = DataType.Bool,
    };

    [TestMethod]
    public void Written_IsReadByPython_AndBack()
    {
        using var folder = new TempFolder();
        TensorProto[] tensors =
        [
            TensorProtoExtensions.Float("blocks.0.weight", [2, 3], [1f, -0f, 3f, float.NaN, float.MaxValue, 6f]),
            TensorProtoExtensions.Int64("步.num_batches_tracked", [], [-7]),
            TensorProtoExtensions.Float("empty", [0, 4], []),
            TensorProtoExtensions.Float("long", [70_000], TestModels.Noise(70_000)),
            .. Storages.Values.Select(type => Raw(type.ToString(), type, Enumerable.Range(1, 6 * type.ElementSize()).Select(i => (byte)i).ToArray(), 3, 1, 2)),
        ];
        PyTorchFile.Write(folder["a.pth"], tensors);
        var read = PyTorchFile.Read(folder["a.pth"]);
        CollectionAssert.AreEqual(tensors, read.ToArray());
        CollectionAssert.AreEqual(tensors.Select(Line).ToArray(), RunPython(Reader, folder["a.pth"]));

        PyTorchFile.Write(folder["b.pth"], tensors);
        CollectionAssert.AreEqual(File.ReadAllBytes(folder["a.pth"]), File.ReadAllBytes(folder["b.pth"]));
        Assert.ThrowsExactly<ModelException>(() => PyTorchFile.Write(folder["c.pth"], [tensors[0], tensors[0]]));
        Assert.ThrowsExactly<ModelException>(() => PyTorchFile.Write(folder["c.pth"], [Raw("a", DataType.Uint16, [1, 2], 1)]));
        Assert.IsFalse(File.Exists(folder["c.pth"]));
    }

    [TestMethod]
    [DataRow("state_dict")]
    [DataRow("checkpoint")]
    public void WhatPythonWrites_IsRead(string kind)
    {
        using var folder = new TempFolder();
        var expected = RunPython(Writer, folder["a.pth"], kind);
        Assert.HasCount(14, expected);
        var read = PyTorchFile.Read(folder["a.pth"]);
        CollectionAssert.AreEqual(expected, read.Select(Line).ToArray());
        CollectionAssert.AreEqual(new[] { 0f, 0.625f, 1.25f, 1.875f, 0.125f }, read.Single(t => t.Name == "transposed").ToFloats()[..5]);
    }

    [TestMethod]
    [DataRow("import os\nclass E:\n    def __reduce__(self): return os.system, ('touch ' + sys.argv[1] + '.hacked',)\no = E()", ".system'")]
    [DataRow("class E:\n    def __reduce__(self): return eval, ('1',)\no = {'state_dict': E()}", "builtin")]
    [DataRow("import datetime\no = datetime.datetime.now()", "'datetime.datetime'")]
    [DataRow("o = collections.Counter('a')", "'collections.Counter'")]
    [DataRow("o = 7", "holds no state dict")]
    [DataRow("o = {'a': 7}", "'a' is there twice, or is no tensor")]
    [DataRow("o = []\no.append(o)", "holds no state dict")]
    [DataRow("o = {'model': None}\no['model'] = o", "is no tensor")]
    [DataRow("o = {'a': Tensor(S, 0, (2, 3), (3, 1))}", "beyond its storage of 4")]
    [DataRow("o = {'a': Tensor(S, 3, (2,), (1,))}", "beyond its storage of 4")]
    [DataRow("o = {'a': Tensor(S, -1, (2,), (1,))}", "beyond its storage of 4")]
    [DataRow("o = {'a': Tensor(S, 3, (2,), (-1,))}", "strides [-1]")]
    [DataRow("o = {'a': Tensor(S, 0, (2, 2), (1,))}", "strides [1]")]
    [DataRow("o = {'a': Tensor(S, 0, (-2,), (1,))}", "impossible shape")]
    [DataRow("o = {'a': Tensor(S, 0, (2 ** 62, 2 ** 62), (1, 1))}", "impossible shape")]
    [DataRow("o = {'a': Tensor(S, 0, (2, 2), (2 ** 62, 2 ** 62))}", "damaged")]
    [DataRow("o = {'a': Tensor(S, 0, (2 ** 30,), (0,))}", "more often than weights do")]
    [DataRow("o = {'a%d' % i: Tensor(S, 0, (4, 1000), (1, 0)) for i in range(1000)}", "more often than weights do")]
    [DataRow("o = {'a': Tensor(S, 0, (2.5,), (1,))}", "no whole number")]
    [DataRow("o = {'a': Tensor(Storage('LongStorage', b''), 0, (2,), (1,))}", "storage '0' has 16 bytes")]
    public void WhatIsNoStateDict_IsOneLine_AndNothingRuns(string make, string expected)
    {
        using var folder = new TempFolder();
        RunPython(
            Torch + "S = Storage('FloatStorage', bytes(16))\n" + make + "\n" + """
                class Pickler(pickle.Pickler):
                    def persistent_id(self, o):
                        if isinstance(o, Storage):
                            return 'storage', getattr(torch, o.kind), '0', 'cpu', 4
                with zipfile.ZipFile(sys.argv[1], 'w') as archive:
                    with archive.open('a/data.pkl', 'w') as data:
                        Pickler(data, 2).dump(o)
                    archive.writestr('a/data/0', bytes(16))
                """,
            folder["a.pth"]);
        StringAssert.Contains(ReadError(folder["a.pth"]), expected);
        Assert.HasCount(1, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void OtherFiles_AreOneLine()
    {
        using var folder = new TempFolder();
        var path = folder["a.pth"];
        StringAssert.Contains(ReadError(path), "Cannot read");
        File.WriteAllBytes(path, []);
        StringAssert.Contains(ReadError(path), "not a file of PyTorch weights");
        File.WriteAllBytes(path, [0x80, 2, (byte)'.', 0]);
        StringAssert.Contains(ReadError(path), "before 1.6");

        PyTorchFile.Write(path, [TensorProtoExtensions.Float("a", [1000], new float[1000])]);
        var whole = File.ReadAllBytes(path);
        for (var length = 0; length < whole.Length; length += 97)
        {
            File.WriteAllBytes(path, whole[..length]);
            ReadError(path);
        }

        File.WriteAllBytes(path, whole);
        Edit(path, archive => archive.CreateEntry("archive/constants.pkl"));
        StringAssert.Contains(ReadError(path), "TorchScript");
        File.WriteAllBytes(path, whole);
        Edit(path, archive => archive.GetEntry("archive/data/0")!.Delete());
        StringAssert.Contains(ReadError(path), "storage '0' is not in the archive");
        File.WriteAllBytes(path, whole);
        Edit(path, archive => archive.GetEntry("archive/data.pkl")!.Delete());
        StringAssert.Contains(ReadError(path), "without data.pkl");
        File.WriteAllBytes(path, whole);
        Edit(path, archive => Replace(archive, "archive/byteorder", "big"u8.ToArray()));
        StringAssert.Contains(ReadError(path), "big-endian");
        File.WriteAllBytes(path, whole);
        Edit(path, archive => Replace(archive, "archive/data/1", new byte[1 << 20], CompressionLevel.Optimal));
        StringAssert.Contains(ReadError(path), "larger than the file");
        File.WriteAllBytes(path, whole);
        Edit(path, archive => Replace(archive, "archive/data.pkl", [0x80, 4, (byte)'N', (byte)'.']));
        StringAssert.Contains(ReadError(path), "protocol 4");
    }

    [TestMethod]
    public void RandomDamage_IsATypedErrorOrAFile()
    {
        using var folder = new TempFolder();
        RunPython(Writer, folder["whole.pth"], "checkpoint");
        var whole = File.ReadAllBytes(folder["whole.pth"]);
        byte[] pickle;
        using (var archive = ZipFile.OpenRead(folder["whole.pth"]))
        using (var entry = archive.GetEntry("run-7/data.pkl")!.Open())
        using (var content = new MemoryStream())
        {
            entry.CopyTo(content);
            pickle = content.ToArray();
        }

        var random = new Random(7);
        var path = folder["a.pth"];
        int read = 0, refused = 0;
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 1500; i++)
        {
            if (i % 3 == 0)
            {
                File.WriteAllBytes(path, Damage(whole, random));
            }
            else
            {
                File.WriteAllBytes(path, whole);
                Edit(path, archive => Replace(archive, "run-7/data.pkl", Damage(pickle, random)));
            }

            try
            {
                PyTorchFile.Read(path);
                read++;
            }
            catch (ModelException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
        }

        Assert.IsGreaterThan(100, refused);
        Assert.IsGreaterThan(100, read);
        Assert.IsLessThan(30, watch.Elapsed.TotalSeconds, "Nothing hangs.");
    }

    /// <summary>Changes, cuts, repeats and removes, one to three times.</summary>
    private static byte[] Damage(byte[] file, Random random)
    {
        var bytes = file.ToList();
        for (var edits = random.Next(1, 4); edits > 0 && bytes.Count > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 60), bytes.Count - at);
            switch (random.Next(7))
            {
                case 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes[at] = (byte)"().0N}]tuesaRbQqhrjJKMX\x81\x85\x86\x87"[random.Next(27)];
                    break;
                default:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. bytes];
    }

    private static TensorProto Raw(string name, DataType type, byte[] bytes, params long[] dims)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(dims);
        return tensor;
    }

    private static string Line(TensorProto tensor)
    {
        var storage = Storages.Single(s => s.Value == tensor.ElementType()).Key;
        return $"{tensor.Name}|{storage}|{string.Join(',', tensor.Dims)}|{Convert.ToHexStringLower(SHA256.HashData(tensor.ToBytes().Span))}";
    }

    private static void Edit(string path, Action<ZipArchive> edit)
    {
        using var archive = ZipFile.Open(path, ZipArchiveMode.Update);
        edit(archive);
    }

    private static void Replace(ZipArchive archive, string name, byte[] content, CompressionLevel level = CompressionLevel.NoCompression)
    {
        archive.GetEntry(name)?.Delete();
        using var stream = archive.CreateEntry(name, level).Open();
        stream.Write(content);
    }

    private static string ReadError(string path)
    {
        var message = Assert.ThrowsExactly<ModelException>(() => PyTorchFile.Read(path)).Message;
        Assert.DoesNotContain('\n', message);
        StringAssert.Contains(message, path);
        return message;
    }

    private static string[] RunPython(string script, params string[] arguments)
    {
        if (!File.Exists(Python))
        {
            Assert.Inconclusive($"There is no {Python}.");
        }

        var start = new ProcessStartInfo(Python, ["-c", script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8 };
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, error.Result);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
