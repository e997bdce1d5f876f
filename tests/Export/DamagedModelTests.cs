using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>
/// Damaged model files, from loading to a forward pass: each is a typed error of one line or a working model, never another exception, a crash, a hang
/// or a heap of memory. The environment variables ONEFRACTAL_FUZZ_COUNT and ONEFRACTAL_FUZZ_SEED try more and others.
/// </summary>
[TestClass]
public sealed class DamagedModelTests
{
    private const int Count = 1500;
    private const long LargestRun = 1 << 22;
    private const long LargestAllocation = 1L << 30;
    private static readonly TimeSpan LongestCase = TimeSpan.FromSeconds(20);

    private static readonly Func<OnnxModel, OnnxModel>[] Transforms =
    [
        ConstantFolding.Apply, m => FixedBatch.Apply(m, 2), ClassificationHead.Detach, m => ClassificationHead.Attach(m, ["a", "b"], (_, _, values) => values.Fill(0.1f)), Import, m => StochasticDepth.Insert(m, 0.1), m => m.Clone(),
    ];

    private readonly Dictionary<string, int> _outcomes = [];

    [TestMethod]
    public void EveryDamagedFile_IsRefusedOrWorks()
    {
        using var folder = new TempFolder();
        var seeds = Seeds(folder);
        var operators = seeds.SelectMany(s => ModelProto.Parser.ParseFrom(s).Graph.Node.Select(n => n.OpType)).Distinct().ToArray();
        var (count, seed) = (Setting("ONEFRACTAL_FUZZ_COUNT", Count), Setting("ONEFRACTAL_FUZZ_SEED", 1));
        var failures = new List<string>();
        var slowest = (Milliseconds: 0.0, Case: 0);
        for (var i = 0; i < count && failures.Count < 20; i++)
        {
            var mutator = new ModelMutator(seed * 1_000_003 + i, operators);
            // After a crash of the process, the file that did it is still there.
            File.WriteAllBytes(folder["case.onnx"], mutator.Mutate(seeds[i % seeds.Length]));
            var clock = Stopwatch.StartNew();
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Use(folder["case.onnx"], i);
            }
            catch (OneFractalException e) when (!e.Message.Contains('\n'))
            {
                Tally("refused");
            }
            catch (Exception e)
            {
                failures.Add($"case {i}: {e}\nkept as {Keep(folder["case.onnx"], seed, i)}");
            }

            if (GC.GetAllocatedBytesForCurrentThread() - allocated is var bytes and > LargestAllocation)
            {
                failures.Add($"case {i}: allocates {bytes >> 20} MiB");
            }

            if (clock.Elapsed > LongestCase)
            {
                failures.Add($"case {i}: hangs {clock.Elapsed}, kept as {Keep(folder["case.onnx"], seed, i)}");
            }

            slowest = clock.Elapsed.TotalMilliseconds > slowest.Milliseconds ? (clock.Elapsed.TotalMilliseconds, i) : slowest;
        }

        Console.WriteLine($"{string.Join(", ", _outcomes.Select(o => $"{o.Value} {o.Key}"))}; the slowest, {slowest.Case}, took {slowest.Milliseconds:F0} ms; "
            + $"at most {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB in use");
        Assert.IsEmpty(failures, string.Join("\n\n", failures));
        Assert.IsGreaterThan(count / 50, _outcomes["ran"], "Some still work.");
    }

    /// <summary>As a file that says nothing of itself.</summary>
    private static OnnxModel Import(OnnxModel model)
    {
        var bare = model.Clone();
        bare.Proto.MetadataProps.Clear();
        return ForeignModel.Import(bare).Model;
    }

    private void Use(string path, int number)
    {
        var model = OnnxModel.Load(path);
        _ = model.Metadata;
        var changed = Transforms[number % Transforms.Length](model);
        ModelChecker.Check(changed);
        _ = changed.Fingerprint();
        Run(number % 2 == 0 ? model : changed, number);
    }

    private void Run(OnnxModel model, int number)
    {
        var fixedSizes = model.Clone();
        var initializers = model.Graph.Initializer.Select(t => t.Name).ToHashSet();
        var inputs = fixedSizes.Graph.Input.Where(i => !initializers.Contains(i.Name)).ToArray();
        foreach (var input in inputs)
        {
            if (TensorInfo.From(input) is not { Shape: { } shape } info)
            {
                continue;
            }

            input.Type = (info with { Shape = [.. shape.Select(d => new Dim(d.Value ?? 2))] }).ToProto("").Type;
        }

        var infos = ShapeInference.InferAll(fixedSizes);
        using var module = new GraphModule(number % 3 == 0 ? model : fixedSizes);
        module.train(number % 4 == 0);
        using var scope = NewDisposeScope();
        var tensors = new List<Tensor>();
        foreach (var input in inputs)
        {
            if (infos.GetValueOrDefault(input.Name) is not { StaticShape: { } shape } info || shape.Aggregate(1.0, (p, d) => p * d) > LargestRun || TryMake(info.Type, shape, number) is not { } tensor)
            {
                Tally("compiled");
                return;
            }

            tensors.Add(tensor);
        }

        if (infos.Values.Any(i => i.Shape?.Aggregate(1.0, (p, d) => p * (d.Value ?? 1)) > LargestRun))
        {
            Tally("compiled");
            return;
        }

        using var guard = no_grad();
        module.Run(tensors);
        Tally("ran");
    }

    private static Tensor? TryMake(DataType type, long[] shape, int seed)
    {
        manual_seed(seed);
        return type switch
        {
            DataType.Float => randn(shape),
            DataType.Double => randn(shape, dtype: ScalarType.Float64),
            DataType.Float16 => randn(shape, dtype: ScalarType.Float16),
            DataType.Int64 => randint(-2, 3, shape, dtype: ScalarType.Int64),
            DataType.Int32 => randint(-2, 3, shape, dtype: ScalarType.Int32),
            DataType.Uint8 => randint(0, 255, shape, dtype: ScalarType.Byte),
            DataType.Int8 => randint(-5, 5, shape, dtype: ScalarType.Int8),
            DataType.Bool => randint(0, 2, shape, dtype: ScalarType.Bool),
            _ => null,
        };
    }

    /// <summary>A backbone as it is shipped, small networks, one with external data, and the ONNX project's models of single operators.</summary>
    private static byte[][] Seeds(TempFolder folder)
    {
        Cnn().Save(folder["large.onnx"], inlineLimit: 1000);
        byte[][] own =
        [
            TestModels.Classifier().Proto.ToByteArray(), TestModels.Small().Proto.ToByteArray(), Cnn().Proto.ToByteArray(), File.ReadAllBytes(folder["large.onnx"]),
        ];
        var operators = OnnxTestCase.All().Select(c => c.ReadModelWithConstants()).Where(m => new OnnxModel(m).Opset >= OnnxModel.OldestOpset)
            .Select(m => m.ToByteArray()).Where(m => m.Length < 20_000).ToArray();
        // Own models and others in turn.
        return operators.Length == 0 ? own : [.. operators.Chunk(4).Select((chunk, i) => chunk.Append(own[i % own.Length])).SelectMany(c => c)];
    }

    private static OnnxModel Cnn()
    {
        FillParameter fill = (name, _, values) =>
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = 0.1f + 0.01f * (i % 7);
            }
        };
        var g = new GraphBuilder("cnn");
        var x = g.Input("images", DataType.Float, "batch", 3, 8, 8);
        Value Norm(Value value, string name, long n) => g.Node(
            "BatchNormalization",
            [value, g.Parameter($"{name}.weight", [n], fill), g.Parameter($"{name}.bias", [n], fill), Statistic($"{name}.mean", n), Statistic($"{name}.var", n)]);
        Value Statistic(string name, long n) => g.Initializer(TensorProtoExtensions.Float(name, [n], [.. Enumerable.Repeat(1f, (int)n)]));

        var y = g.Node("Relu", [Norm(g.Conv2d(x, g.Parameter("conv1.weight", [32, 3, 3, 3], fill), null, 1), "bn1", 32)]);
        y = g.Node("MaxPool", [y], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        var z = Norm(g.Node("Conv", [y, g.Parameter("conv2.weight", [32, 1, 3, 3], fill)], ("group", 32), ("pads", new long[] { 1, 1, 1, 1 })), "bn2", 32);
        y = g.Node("Clip", [g.Add(y, z)]);
        y = g.Node("Flatten", [g.Node("GlobalAveragePool", [y])]);
        var features = g.Rename(y, "features");
        g.Output(features);
        return g.Build(features.Name);
    }

    private static string Keep(string path, int seed, int number)
    {
        var kept = Path.Combine(Path.GetTempPath(), $"onefractal-damaged-{seed}-{number}.onnx");
        File.Copy(path, kept, overwrite: true);
        return kept;
    }

    private static int Setting(string name, int fallback)
    {
        return int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : fallback;
    }

    private void Tally(string outcome) => _outcomes[outcome] = _outcomes.GetValueOrDefault(outcome) + 1;
}
