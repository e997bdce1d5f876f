using System.Runtime.InteropServices;

namespace OneFractal.Export;

/// <summary>
/// Static int8 in the QuantizeLinear/DequantizeLinear form that ONNX Runtime, TensorRT and OpenVINO read: weights int8 with a scale an output channel, activations
/// uint8 with ranges that were measured, biases of Conv and Gemm int32. Quantised are products with weights and, between convolutions, sums and max pooling;
/// softmax, normalisation, Gelu and the products of attention stay float32.
/// </summary>
public static class StaticQuantization
{
    // Half of what int32 holds, so that a product's sum has room beside the bias.
    private const double LargestBias = 1 << 30;

    /// <summary>The values whose ranges are to be measured.</summary>
    /// <exception cref="ModelException">There is nothing to quantise.</exception>
    public static IReadOnlyList<string> Activations(OnnxModel model) => [.. new Plan(model).Measured];

    /// <summary>A copy of a deployed model of float32, of opset 13 or newer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ranges">The range of each of <see cref="Activations"/>.</param>
    public static OnnxModel Apply(OnnxModel model, IReadOnlyDictionary<string, ActivationRange> ranges)
    {
        var result = model.Clone();
        new Rewriter(result.Graph, new Plan(result), ranges).Run();
        GraphEdits.RemoveDeadCode(result);
        ModelChecker.Check(result);
        return result;
    }

    /// <summary>What is quantised.</summary>
    private sealed class Plan
    {
        public Plan(OnnxModel model)
        {
            var graph = model.Graph;
            Sites = WeightedNode.Find(graph);
            if (Sites.Count == 0)
            {
                throw new ModelException($"'{model.Source}' has no products with stored float32 weights to quantise.");
            }

            var readers = graph.Node.SelectMany(n => n.Input.Select(i => (i, n))).ToLookup(p => p.i, p => p.n);
            var outputs = graph.Output.Select(o => o.Name).ToHashSet();
            // Values that a kernel of integers can hand on: of a convolution, of a sum of two such, of max pooling, each with its activation.
            var handedOn = new HashSet<string>();
            foreach (var node in graph.Node.Where(n => n.IsStandard()))
            {
                if (node.OpType == "MaxPool" && node.Output.Count == 1 && handedOn.Contains(node.Input[0]))
                {
                    Shared[node.Output[0]] = Root(node.Input[0]);
                    handedOn.Add(node.Output[0]);
                }
                else if ((node.OpType == "Conv" && Sites.ContainsKey(node)) || (node.OpType == "Add" && node.Input.All(handedOn.Contains)))
                {
                    if (node.OpType == "Add")
                    {
                        _sums.Add(node);
                    }

                    var value = node.Output[0];
                    handedOn.Add(!outputs.Contains(value) && readers[value].ToArray() is [{ OpType: "Relu" } relu] ? relu.Output[0] : value);
                }
            }

            // A value is quantised where one of its readers computes in integers.
            foreach (var node in graph.Node)
            {
                if (Sites.TryGetValue(node, out var site))
                {
                    Quantized.Add(site.Data);
                }
                else if (_sums.Contains(node) || (node.OpType is "MaxPool" or "GlobalAveragePool" && handedOn.Contains(node.Input[0])))
                {
                    Quantized.UnionWith(node.Input);
                }
            }

            Quantized.UnionWith(Shared.Keys);
        }

        private readonly HashSet<NodeProto> _sums = new(ReferenceEqualityComparer.Instance);

        public Dictionary<NodeProto, WeightedNode> Sites { get; }

        /// <summary>Values that go through QuantizeLinear and DequantizeLinear, to all their readers.</summary>
        public HashSet<string> Quantized { get; } = [];

        /// <summary>Results of max pooling, which are some of the values of another and have its range.</summary>
        public Dictionary<string, string> Shared { get; } = [];

        public IEnumerable<string> Measured => Quantized.Select(Root).Distinct();

        public string Root(string value) => Shared.GetValueOrDefault(value, value);
    }

    private sealed class Rewriter(GraphProto graph, Plan plan, IReadOnlyDictionary<string, ActivationRange> ranges)
    {
        private readonly List<NodeProto> _nodes = [];
        private readonly Dictionary<string, string> _dequantized = [];
        private readonly Dictionary<string, (string Scale, string ZeroPoint, float Value)> _parameters = [];

        public void Run()
        {
            foreach (var input in graph.Input.Where(i => plan.Quantized.Contains(i.Name)))
            {
                Quantize(input.Name);
            }

            foreach (var node in graph.Node)
            {
                if (plan.Sites.TryGetValue(node, out var site))
                {
                    Rewrite(site);
                }

                for (var i = 0; i < node.Input.Count; i++)
                {
                    node.Input[i] = _dequantized.GetValueOrDefault(node.Input[i], node.Input[i]);
                }

                _nodes.Add(node);
                foreach (var output in node.Output.Where(plan.Quantized.Contains))
                {
                    Quantize(output);
                }
            }

            GraphEdits.Replace(graph.Node, _nodes);
        }

        private void Quantize(string value)
        {
            var (scale, zero, _) = Parameters(plan.Root(value));
            var quantized = GraphEdits.MakeNode("QuantizeLinear", Fresh($"{value}.quantized"), value, scale, zero);
            var back = GraphEdits.MakeNode("DequantizeLinear", Fresh($"{value}.dequantized"), quantized.Output[0], scale, zero);
            _nodes.AddRange([quantized, back]);
            _dequantized[value] = back.Output[0];
        }

        private (string Scale, string ZeroPoint, float Value) Parameters(string value)
        {
            if (!_parameters.TryGetValue(value, out var parameters))
            {
                var (scale, zero) = ranges[value].ToUint8();
                _parameters[value] = parameters = (
                    Store(TensorProtoExtensions.Float(Fresh($"{value}.scale"), [], [scale])),
                    Store(QuantizedWeight.Tensor(Fresh($"{value}.zero_point"), DataType.Uint8, [], [zero])),
                    scale);
            }

            return parameters;
        }

        private void Rewrite(WeightedNode site)
        {
            var stem = site.Node.Output[0];
            var data = Parameters(plan.Root(site.Data)).Value;
            var bias = site.Node.InputOrNull(2) is { } name ? graph.Initializer.First(t => t.Name == name).ToFloats() : null;
            // In int32, steps of nearly nothing would cut the bias of a channel whose weights are nearly nothing.
            var weight = QuantizedWeight.Of(site.Weight, site.Axis, bias is null ? null : [.. bias.Select(b => Math.Abs(b) / (LargestBias * data))]);
            var scales = Store(TensorProtoExtensions.Float(Fresh($"{stem}.weight.scale"), [weight.Scales.Length], weight.Scales));
            var zeros = Store(QuantizedWeight.Tensor(Fresh($"{stem}.weight.zero_point"), DataType.Int8, [weight.Scales.Length], new byte[weight.Scales.Length]));
            site.Node.Input[1] = Dequantize(Store(weight.ToInt8(Fresh($"{stem}.weight.int8"), site.Weight.Dims)), scales, zeros, site.Axis);
            if (bias is null)
            {
                return;
            }

            // What the products are summed in: steps of the data's scale times the channel's.
            var step = weight.Scales.Select(s => (double)s * data).ToArray();
            int[] values = [.. bias.Select((b, i) => (int)Math.Clamp(Math.Round(b / step[i]), int.MinValue, int.MaxValue))];
            var biasScales = Store(TensorProtoExtensions.Float(Fresh($"{stem}.bias.scale"), [step.Length], [.. step.Select(s => (float)s)]));
            var biasZeros = Store(QuantizedWeight.Tensor(Fresh($"{stem}.bias.zero_point"), DataType.Int32, [step.Length], new byte[sizeof(int) * step.Length]));
            site.Node.Input[2] = Dequantize(
                Store(QuantizedWeight.Tensor(Fresh($"{stem}.bias.int32"), DataType.Int32, [values.Length], MemoryMarshal.AsBytes<int>(values))), biasScales, biasZeros, 0);
        }

        private string Dequantize(string value, string scales, string zeros, int axis)
        {
            var node = GraphEdits.MakeNode("DequantizeLinear", Fresh($"{value}.dequantized"), value, scales, zeros);
            node.Set("axis", axis);
            _nodes.Add(node);
            return node.Output[0];
        }

        private string Store(TensorProto tensor)
        {
            graph.Initializer.Add(tensor);
            return tensor.Name;
        }

        private string Fresh(string name) => GraphEdits.FreshName(graph, name);
    }
}
