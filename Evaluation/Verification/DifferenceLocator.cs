using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Evaluation;

/// <summary>
/// Finds the first node at which a runtime differs from the reference. A value is compared by running both on the part of the graph that ends at it. The
/// values on the way to one that differs are bisected in the order of the nodes; where the node found reads another value that differs too, the search
/// goes on among what that one needs, until a node is found all of whose inputs agree. That node then runs alone on the reference's values: a runtime
/// that fuses it with its neighbours may differ only when it runs them together.
/// </summary>
/// <param name="model">The model as the runtime gets it.</param>
/// <param name="inputs">One batch of its inputs.</param>
/// <param name="runtime">The runtime.</param>
/// <param name="reference">The reference.</param>
/// <param name="tolerance">Largest error that agrees, in units of a value's largest number.</param>
/// <param name="work">Where models are written.</param>
internal sealed class DifferenceLocator(
    OnnxModel model, IReadOnlyList<RuntimeTensor> inputs, IModelRuntime runtime, IModelRuntime reference, double tolerance, VerificationWork work)
{
    private readonly Dictionary<string, Probe> _probes = [];
    private readonly Dictionary<string, RuntimeTensor> _references = [];
    private Dictionary<string, TensorInfo> _values = [];

    /// <summary>Searches.</summary>
    /// <param name="worst">The output that is looked at first, or null for the model's first.</param>
    /// <param name="cancellation">Ends it.</param>
    public FirstDifference Find(string? worst, CancellationToken cancellation)
    {
        _values = FloatingValues(cancellation);
        string[] outputs = [.. model.Graph.Output.Select(o => o.Name).OrderByDescending(o => o == worst)];
        if (outputs.FirstOrDefault(o => _values.ContainsKey(o) && !Agrees(o, cancellation)) is not { } target)
        {
            return Unlocated(outputs[0], "on this image alone the difference does not come again");
        }

        while (true)
        {
            var needed = Subgraph.Needed(model, target);
            string[] values = [.. Subgraph.ComputedFromInputs(model).Where(v => needed.Contains(v) && _values.ContainsKey(v))];
            // The last of them is the target, which differs.
            int good = -1, bad = values.Length - 1;
            while (bad - good > 1)
            {
                var middle = (good + bad) / 2;
                (good, bad) = Agrees(values[middle], cancellation) ? (middle, bad) : (good, middle);
            }

            var node = model.Graph.Node.First(n => n.Output.Contains(values[bad]));
            string[] reads = [.. node.Input.Where(values.Contains).Distinct()];
            if (reads.FirstOrDefault(v => !Agrees(v, cancellation)) is { } earlier)
            {
                target = earlier;
                continue;
            }

            return Describe(node, values[bad], reads, cancellation);
        }
    }

    private FirstDifference Describe(NodeProto node, string value, string[] reads, CancellationToken cancellation)
    {
        var probe = _probes[value];
        var alone = RunAlone(value, reads, cancellation);
        var finding = alone.Error <= tolerance
            ? "alone, on the reference's values, the node agrees: the difference comes from how the runtime joins it with nodes before it, or adds up over them"
            : probe.Problem.Length > 0 ? $"the runtime cannot run it: {probe.Problem}"
            : alone.Problem.Length > 0 ? $"the node differs; alone it cannot be run: {alone.Problem}"
            : "the node differs alone too, on the reference's values";
        return new FirstDifference(
            node.Name.Length > 0 ? node.Name : node.Output[0],
            node.OpType,
            value,
            _references.GetValueOrDefault(value)?.Dims ?? [],
            Finite(probe.Error),
            reads.Select(v => _probes[v].Error).DefaultIfEmpty(0).Max(),
            reads.Length > 0 ? reads : [.. node.Input.Where(i => inputs.Any(t => t.Name == i))],
            Finite(alone.Error),
            finding,
            _probes.Count);
    }

    private FirstDifference Unlocated(string value, string finding)
    {
        // A value that is not computed from the images was not looked at.
        return new FirstDifference(
            "", "", value, _references.GetValueOrDefault(value)?.Dims ?? [], _probes.GetValueOrDefault(value) is { } probe ? Finite(probe.Error) : null, 0, [], null, finding, _probes.Count);
    }

    private bool Agrees(string value, CancellationToken cancellation)
    {
        if (!_probes.TryGetValue(value, out var probe))
        {
            _probes[value] = probe = Compare(Subgraph.Extract(model, value, _values[value]), inputs, value, cancellation);
        }

        return probe.Error <= tolerance;
    }

    private Probe RunAlone(string value, string[] reads, CancellationToken cancellation)
    {
        var given = reads.ToDictionary(v => v, v => new TensorInfo(DataType.Float, [.. _references[v].Dims.Select(d => new Dim(d))]));
        if (reads.Any(v => _values[v].Type != DataType.Float))
        {
            return new Probe(double.NaN, "its inputs are not float32");
        }

        return Compare(Subgraph.Extract(model, value, _values[value], given), [.. inputs, .. reads.Select(v => _references[v] with { Name = v })], value, cancellation);
    }

    private Probe Compare(OnnxModel part, IReadOnlyList<RuntimeTensor> feeds, string value, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var wanted = part.Graph.Input.Select(i => i.Name).ToHashSet();
        var job = work.Job(part, [[.. feeds.Where(t => wanted.Contains(t.Name))]]);
        try
        {
            if (!_references.TryGetValue(value, out var expected))
            {
                _references[value] = expected = reference.Run(job, cancellation)[0];
            }

            var attempt = RuntimeAttempt.Of(runtime, () => job, cancellation);
            if (attempt.Outputs is not [var actual])
            {
                return new Probe(double.PositiveInfinity, attempt.Problem);
            }

            if (actual.Values.Length != expected.Values.Length)
            {
                return new Probe(double.PositiveInfinity, $"it gives {actual.Values.Length} values where {expected.Values.Length} are expected");
            }

            var comparison = OutputComparison.Of(actual.Values, expected.Values, 1);
            return new Probe(comparison.MaxAbsolute == 0 ? 0 : comparison.MaxAbsolute / comparison.Largest, "");
        }
        finally
        {
            VerificationWork.Delete(job);
        }
    }

    /// <summary>The values of floating-point type, with their shapes, as ONNX Runtime infers them.</summary>
    private Dictionary<string, TensorInfo> FloatingValues(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var all = model.Clone();
        all.Proto.MetadataProps.Clear();
        GraphEdits.Replace(all.Graph.Output, [.. Subgraph.ComputedFromInputs(model).Select(v => new ValueInfoProto { Name = v })]);
        var job = work.Job(all, []);
        try
        {
            var settings = new SessionSettings { Device = ComputeDevice.Cpu, Optimization = GraphOptimization.None };
            using var session = SessionFactory.Create(model.Source, settings, options => new InferenceSession(job.File, options)).Session;
            return session.OutputMetadata
                .Select(o => (o.Key, Type: o.Value.IsTensor ? TypeOf(o.Value.ElementDataType) : null, o.Value.Dimensions))
                .Where(o => o.Type is not null)
                .ToDictionary(o => o.Key, o => new TensorInfo(o.Type!.Value, [.. o.Dimensions.Select(d => d < 0 ? Dim.Unknown : d)]));
        }
        finally
        {
            VerificationWork.Delete(job);
        }
    }

    private static DataType? TypeOf(TensorElementType type) => type switch
    {
        TensorElementType.Float => DataType.Float,
        TensorElementType.Float16 => DataType.Float16,
        TensorElementType.BFloat16 => DataType.Bfloat16,
        TensorElementType.Double => DataType.Double,
        _ => null,
    };

    private static double? Finite(double error) => double.IsFinite(error) ? error : null;

    private sealed record Probe(double Error, string Problem);
}
