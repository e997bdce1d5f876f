using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Tests.Export;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Tests.Training.Operators;

/// <summary>The ONNX project's own backend tests (Debian's libonnx-testdata), through the public path: file, module, run.</summary>
[TestClass]
public sealed class OperatorConformanceTests
{
    private const string Root = OnnxTestCase.Root;

    // What the format's own test runner allows.
    private const double RelativeTolerance = 1e-3, AbsoluteTolerance = 1e-7;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void OfficialCases_PassOrAreRefused()
    {
        Assert.IsTrue(Directory.Exists(Root), $"{Root} is missing: apt-get install libonnx-testdata");
        string[] cases = [.. Directory.GetFiles(Root, "model.onnx", SearchOption.AllDirectories).Select(f => Path.GetDirectoryName(f)!).Order()];
        var refused = new List<string>();
        var failed = new List<string>();
        foreach (var folder in cases)
        {
            using var scope = NewDisposeScope();
            GraphModule module;
            try
            {
                module = new GraphModule(OnnxModel.Load(Path.Combine(folder, "model.onnx")));
            }
            catch (ModelException e)
            {
                refused.Add($"{Path.GetFileName(folder)}: {e.Message}");
                continue;
            }

            try
            {
                module.eval();
                Check(module, OnnxModel.Load(Path.Combine(folder, "model.onnx")), folder);
            }
            catch (Exception e)
            {
                failed.Add($"{Path.GetFileName(Path.GetDirectoryName(folder))}/{Path.GetFileName(folder)}: {e.GetType().Name} {e.Message.Split('\n')[0]}");
            }
            finally
            {
                module.Dispose();
            }
        }

        var passed = cases.Length - refused.Count - failed.Count;
        TestContext.WriteLine(string.Join("\n", refused));
        TestContext.WriteLine($"{passed} passed, {refused.Count} refused, {failed.Count} failed, {cases.Length} in all");
        Assert.IsEmpty(failed, string.Join("\n", failed));
        Assert.AreEqual((803, 269, 1072), (passed, refused.Count, cases.Length));
        string[] reasons = ["not supported", "TorchSharp does not compute with", "does not say which opset"];
        string[] strange = [.. refused.Where(r => !reasons.Any(reason => r.Contains(reason, StringComparison.Ordinal)))];
        Assert.IsEmpty(strange, string.Join("\n", strange));
    }

    private static void Check(GraphModule module, OnnxModel model, string folder)
    {
        var initializers = model.Graph.Initializer.Select(t => t.Name).ToHashSet();
        ValueInfoProto[] declared = [.. model.Graph.Input.Where(i => !initializers.Contains(i.Name))];
        foreach (var set in Directory.GetDirectories(folder, "test_data_set_*"))
        {
            Tensor[] inputs = [.. declared.Select((d, i) => Read(set, $"input_{i}.pb", d))];
            var outputs = module.Run(inputs);
            if (Path.GetFileName(folder) is "test_training_dropout" or "test_training_dropout_default" or "test_training_dropout_mask" or "test_training_dropout_default_mask")
            {
                // The file's outputs follow NumPy's random numbers.
                RequireDropout(inputs, outputs);
                continue;
            }

            for (var i = 0; i < outputs.Length; i++)
            {
                RequireEqual(Read(set, $"output_{i}.pb", model.Graph.Output[i]), outputs[i], $"output {i}");
            }
        }
    }

    private static Tensor Read(string folder, string name, ValueInfoProto declared)
    {
        var proto = TensorProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(folder, name)));
        // NumPy has no bfloat16: the files say uint16.
        proto.DataType = declared.Type.TensorType.ElemType == (int)TensorProto.Types.DataType.Bfloat16 ? declared.Type.TensorType.ElemType : proto.DataType;
        return TensorConversion.ToTorch(proto);
    }

    private static void RequireDropout(Tensor[] inputs, Tensor[] outputs)
    {
        var ratio = inputs[1].item<float>();
        var kept = outputs[0].ne(0);
        Assert.IsTrue(outputs[0].allclose(inputs[0] * kept / (1 - ratio)));
        Assert.IsFalse(kept.all().item<bool>());
        Assert.IsTrue(kept.any().item<bool>());
        Assert.IsTrue(outputs.Length == 1 || outputs[1].Equals(kept));
    }

    private static void RequireEqual(Tensor expected, Tensor actual, string what)
    {
        Assert.AreEqual(expected.dtype, actual.dtype, what);
        CollectionAssert.AreEqual(expected.shape, actual.shape, $"{what}: [{string.Join(",", actual.shape)}] for [{string.Join(",", expected.shape)}]");
        var (a, b) = (actual.to(ScalarType.Float64), expected.to(ScalarType.Float64));
        // The files of ONNX 1.12 cut float32 off to bfloat16; the operator rounds, as later versions say.
        var relative = expected.dtype == ScalarType.BFloat16 ? 1.0 / 128 : expected.is_floating_point() ? RelativeTolerance : 0;
        Assert.IsTrue(a.allclose(b, relative, expected.is_floating_point() ? AbsoluteTolerance : 0, equal_nan: true), $"{what}: off by {(a - b).abs().max().item<double>()}");
    }
}
