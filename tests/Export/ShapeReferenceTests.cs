using System.Diagnostics;
using System.Text.Json;
using OneFractal.Export;
using OneFractal.Export.Onnx;

namespace OneFractal.Tests.Export;

/// <summary>Inferred types and shapes against the ONNX project's own: what its backend tests compute, and what its shape inference says.</summary>
[TestClass]
public sealed class ShapeReferenceTests
{
    private const string Python = "/usr/bin/python3";

    // One line for each model: {value: [element type, [length or null, ...]]}.
    private const string Script = """
        import json, sys, onnx
        for path in sys.stdin.read().splitlines():
            model = onnx.shape_inference.infer_shapes(onnx.load(path))
            known = {}
            for value in list(model.graph.value_info) + list(model.graph.output):
                tensor = value.type.tensor_type
                if tensor.elem_type and tensor.HasField("shape"):
                    known[value.name] = [tensor.elem_type, [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]]
            print(json.dumps(known))
        """;

    /// <summary>With constant inputs known, no model is refused and no output contradicted; most are known in full.</summary>
    [TestMethod]
    public void OutputsOfTheBackendTests_AreAsInferred()
    {
        var cases = Cases();
        var (complete, partial, unknown, wrong) = (0, 0, new SortedSet<string>(), new List<string>());
        foreach (var test in cases)
        {
            var model = new OnnxModel(test.ReadModelWithConstants(), test.Name);
            var expected = test.ReadTensors("output", model.Graph.Output);
            var infos = Infer(model, wrong);
            foreach (var (output, tensor) in model.Graph.Output.Zip(expected))
            {
                if (tensor is null)
                {
                    continue;
                }

                if (infos?.GetValueOrDefault(output.Name) is not { } info)
                {
                    unknown.UnionWith(model.Graph.Node.Where(n => !ShapeInference.Knows(n.OpType)).Select(n => n.OpType));
                    continue;
                }

                var fits = info.Type == tensor.ElementType() && (info.Shape is null || (info.Rank == tensor.Dims.Count && !info.Shape.Zip(tensor.Dims).Any(p => p.First.Contradicts(p.Second))));
                if (!fits)
                {
                    wrong.Add($"{test.Name}: {output.Name} is {tensor.ElementType()}[{string.Join(", ", tensor.Dims)}], inferred {info}");
                }

                (complete, partial) = info.StaticShape is null ? (complete, partial + 1) : (complete + 1, partial);
            }
        }

        Assert.IsEmpty(wrong, string.Join('\n', wrong));
        Console.WriteLine($"{cases.Length} models: {complete} outputs known, {partial} in part; without a rule: {string.Join(" ", unknown)}");
        Assert.IsGreaterThan(800, complete);
    }

    /// <summary>Values inside the models too: wherever both know a type and a length, they agree.</summary>
    [TestMethod]
    public void OnnxShapeInference_AgreesWhereBothKnow()
    {
        if (!File.Exists(Python))
        {
            Assert.Inconclusive($"{Python} is missing: install python3-onnx.");
        }

        using var folder = new TempFolder();
        var models = new List<OnnxModel>();
        foreach (var test in Cases())
        {
            var model = new OnnxModel(test.ReadModelWithConstants(), folder[test.Name + ".onnx"]);
            // Only what is inferred counts.
            model.Graph.ValueInfo.Clear();
            foreach (var output in model.Graph.Output.Where(o => o.Type?.TensorType is not null))
            {
                output.Type.TensorType.Shape = null;
            }

            File.WriteAllBytes(model.Source, Google.Protobuf.MessageExtensions.ToByteArray(model.Proto));
            models.Add(model);
        }

        var (both, wrong) = (0, new List<string>());
        foreach (var (model, line) in models.Zip(RunPython(models)))
        {
            var infos = Infer(model, wrong) ?? [];
            foreach (var value in JsonDocument.Parse(line).RootElement.EnumerateObject().Where(v => infos.ContainsKey(v.Name)))
            {
                var info = infos[value.Name];
                var dims = value.Value[1].EnumerateArray().Select(d => d.ValueKind == JsonValueKind.Null ? Dim.Unknown : d.GetInt64()).ToArray();
                both++;
                if ((int)info.Type != value.Value[0].GetInt32() || (info.Shape is not null && (info.Rank != dims.Length || info.Shape.Zip(dims).Any(p => p.First.Contradicts(p.Second)))))
                {
                    wrong.Add($"{Path.GetFileName(model.Source)}: {value.Name} is {value.Value}, inferred {info}");
                }
            }
        }

        Console.WriteLine($"{both} values known to both");
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
        Assert.IsGreaterThan(2000, both);
    }

    private static string[] RunPython(IEnumerable<OnnxModel> models)
    {
        using var process = Process.Start(new ProcessStartInfo(Python, ["-c", Script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        process.StandardInput.Write(string.Join('\n', models.Select(m => m.Source)));
        process.StandardInput.Close();
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, "python3 has no onnx: install python3-onnx.");
        return lines;
    }

    private static OnnxTestCase[] Cases()
    {
        // The test data says uint16 where it means bfloat16.
        var cases = OnnxTestCase.All().Where(c => !c.Name.Contains("BFLOAT16", StringComparison.Ordinal) && new OnnxModel(c.ReadModel()).Opset >= OnnxModel.OldestOpset).ToArray();
        if (cases.Length == 0)
        {
            Assert.Inconclusive("The ONNX backend tests are missing: install libonnx-testdata.");
        }

        return cases;
    }

    private static Dictionary<string, TensorInfo>? Infer(OnnxModel model, List<string> wrong)
    {
        var bare = model.Clone();
        bare.Graph.ValueInfo.Clear();
        foreach (var output in bare.Graph.Output)
        {
            output.Type = new TypeProto();
        }

        try
        {
            return ShapeInference.InferAll(bare);
        }
        catch (ModelException e)
        {
            wrong.Add($"{Path.GetFileName(model.Source)}: {e.Message}");
            return null;
        }
    }
}
