using System.Runtime.InteropServices;
using Google.Protobuf;

namespace OneFractal.Export;

/// <summary>
/// Computes in float16 what is safe in it; inputs and outputs stay float32. As in PyTorch's autocast, softmax, normalisation and sums over many values stay
/// float32, and so does what is not listed here: casts stand between.
/// </summary>
public static class HalfPrecision
{
    private static readonly HashSet<string> Halved =
    [
        "Abs", "Add", "AveragePool", "Clip", "Concat", "Conv", "ConvTranspose", "DepthToSpace", "Div", "Einsum", "Erf", "Expand", "Flatten", "Gather", "Gelu",
        "Gemm", "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "MatMul", "Max", "MaxPool", "Min", "Mul", "Neg", "Pad", "PRelu", "Relu",
        "Reshape", "Sigmoid", "Slice", "SpaceToDepth", "Split", "Squeeze", "Sub", "Tanh", "Tile", "Transpose", "Unsqueeze", "Where",
    ];

    /// <summary>A copy whose safe part is float16.</summary>
    /// <param name="model">A deployed model of float32.</param>
    /// <returns>The copy, and one line for each stored tensor with values that float16 does not reach (above 65504), which are cut there.</returns>
    /// <exception cref="ModelException">The type of a value is not known, or a node holds a graph of its own.</exception>
    public static (OnnxModel Model, IReadOnlyList<string> Notes) Apply(OnnxModel model)
    {
        var result = model.Clone();
        var notes = new List<string>();
        new Conversion(result, notes).Run();
        ModelChecker.Check(result);
        return (result, notes);
    }

    private sealed class Conversion(OnnxModel model, List<string> notes)
    {
        private readonly GraphProto _graph = model.Graph;
        private readonly Dictionary<string, TensorInfo> _infos = ShapeInference.InferAll(model);
        private readonly Dictionary<string, TensorProto> _stored = model.Graph.Initializer.ToDictionary(t => t.Name);
        private readonly HashSet<string> _names =
            [.. model.Graph.Initializer.Select(t => t.Name).Concat(model.Graph.Input.Select(i => i.Name)).Concat(model.Graph.Node.SelectMany(n => n.Output))];

        // What exists in float16 under another name, or in float32 under its own only behind a cast.
        private readonly Dictionary<string, string> _half = [];
        private readonly HashSet<string> _onlyHalf = [];
        private readonly List<NodeProto> _nodes = [];

        public void Run()
        {
            foreach (var node in _graph.Node)
            {
                if (node.Bodies().Any())
                {
                    throw new ModelException($"'{model.Source}': {node.Describe()} holds a graph of its own, which cannot be made float16.");
                }

                Convert(node);
            }

            foreach (var output in _graph.Output.Where(o => _onlyHalf.Contains(o.Name)))
            {
                // The name belongs to the output: the value that has it gets another.
                var renamed = Fresh($"{output.Name}.half");
                foreach (var node in _nodes)
                {
                    Rename(node.Input, output.Name, renamed);
                    Rename(node.Output, output.Name, renamed);
                    // The cast gets the output's name, as a node too.
                    node.Name = node.Name == output.Name ? renamed : node.Name;
                }

                _nodes.Add(Cast(renamed, output.Name, DataType.Float));
            }

            GraphEdits.Replace(_graph.Node, _nodes);
            _graph.ValueInfo.Clear();
            GraphEdits.RemoveDeadCode(model);
        }

        private void Convert(NodeProto node)
        {
            var halve = node.IsStandard() && Halved.Contains(node.OpType) && node.Output.Any(o => o.Length > 0 && IsFloat(o, node));
            for (var i = 0; i < node.Input.Count; i++)
            {
                if (node.Input[i].Length > 0 && IsFloat(node.Input[i], node))
                {
                    node.Input[i] = halve ? Half(node.Input[i]) : Full(node.Input[i]);
                }
            }

            if (halve)
            {
                _onlyHalf.UnionWith(node.Output.Where(o => o.Length > 0 && IsFloat(o, node)));
            }

            _nodes.Add(node);
        }

        private bool IsFloat(string value, NodeProto node)
        {
            return (_infos.GetValueOrDefault(value)?.Type ?? throw new ModelException($"'{model.Source}': the type of '{value}' at {node.Describe()} is not known, so it cannot be made float16."))
                == DataType.Float;
        }

        private string Half(string value)
        {
            if (_onlyHalf.Contains(value))
            {
                return value;
            }

            if (!_half.TryGetValue(value, out var half))
            {
                _half[value] = half = Fresh($"{value}.float16");
                if (_stored.TryGetValue(value, out var tensor))
                {
                    _graph.Initializer.Add(Convert(tensor, half));
                }
                else
                {
                    _nodes.Add(Cast(value, half, DataType.Float16));
                }
            }

            return half;
        }

        private string Full(string value)
        {
            if (!_onlyHalf.Contains(value))
            {
                return value;
            }

            var full = $"{value}.float32";
            if (!_half.TryGetValue(full, out var name))
            {
                _half[full] = name = Fresh(full);
                _nodes.Add(Cast(value, name, DataType.Float));
            }

            return name;
        }

        private TensorProto Convert(TensorProto tensor, string name)
        {
            const float Largest = 65504;
            var values = tensor.ToFloats();
            var cut = values.Count(v => float.IsFinite(v) && Math.Abs(v) > Largest);
            if (cut > 0)
            {
                notes.Add($"float16 ends at {Largest}: {cut} of {values.Length} values of '{tensor.Name}' were cut there");
            }

            Half[] halves = [.. values.Select(v => float.IsFinite(v) ? (Half)Math.Clamp(v, -Largest, Largest) : (Half)v)];
            var result = new TensorProto { Name = name, DataType = (int)DataType.Float16, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<Half>(halves)) };
            result.Dims.AddRange(tensor.Dims);
            return result;
        }

        private static NodeProto Cast(string from, string to, DataType type)
        {
            var cast = GraphEdits.MakeNode("Cast", to, from);
            cast.Set("to", (int)type);
            return cast;
        }

        private static void Rename(Google.Protobuf.Collections.RepeatedField<string> names, string from, string to)
        {
            for (var i = 0; i < names.Count; i++)
            {
                names[i] = names[i] == from ? to : names[i];
            }
        }

        private string Fresh(string name)
        {
            var fresh = name;
            for (var i = 2; !_names.Add(fresh); i++)
            {
                fresh = $"{name}_{i}";
            }

            return fresh;
        }
    }
}
