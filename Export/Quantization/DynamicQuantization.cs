using System.Runtime.InteropServices;

namespace OneFractal.Export;

/// <summary>
/// int8 weights, one scale an output channel, and activations that are quantised to uint8 while the model runs (DynamicQuantizeLinear, MatMulInteger,
/// ConvInteger): no calibration. What has no weights stays float32.
/// </summary>
public static class DynamicQuantization
{
    /// <summary>A copy of a deployed model of float32, of opset 11 or newer.</summary>
    /// <exception cref="ModelException">It has nothing to quantise.</exception>
    public static OnnxModel Apply(OnnxModel model)
    {
        var result = model.Clone();
        var graph = result.Graph;
        var weighted = WeightedNode.Find(graph);
        if (weighted.Count == 0)
        {
            throw new ModelException($"'{model.Source}' has no products with stored float32 weights to quantise.");
        }

        var nodes = new List<NodeProto>();
        var quantized = new Dictionary<string, NodeProto>();
        foreach (var node in graph.Node)
        {
            if (!weighted.TryGetValue(node, out var site))
            {
                nodes.Add(node);
                continue;
            }

            if (!quantized.TryGetValue(site.Data, out var input))
            {
                quantized[site.Data] = input = GraphEdits.MakeNode("DynamicQuantizeLinear", GraphEdits.FreshName(graph, $"{site.Data}.quantized"), site.Data);
                input.Output.Add([$"{input.Output[0]}.scale", $"{input.Output[0]}.zero_point"]);
                nodes.Add(input);
            }

            nodes.AddRange(site.Node.OpType == "Conv" ? Conv(graph, site, input) : Product(graph, site, input));
        }

        GraphEdits.Replace(graph.Node, nodes);
        GraphEdits.RemoveDeadCode(result);
        ModelChecker.Check(result);
        return result;
    }

    private static IEnumerable<NodeProto> Product(GraphProto graph, WeightedNode site, NodeProto input)
    {
        // A Gemm's weight may be [out, in]; the product needs [in, out].
        var weight = site.Axis == 0 ? Transposed(site.Weight) : site.Weight;
        var quantized = QuantizedWeight.Of(weight, 1);
        var stem = site.Node.Output[0];
        var values = Store(graph, quantized.ToInt8(GraphEdits.FreshName(graph, $"{stem}.weight.int8"), weight.Dims));
        var zero = Store(graph, QuantizedWeight.Tensor(GraphEdits.FreshName(graph, $"{stem}.weight.zero_point"), DataType.Int8, [], [0]));
        var scales = Store(graph, TensorProtoExtensions.Float(GraphEdits.FreshName(graph, $"{stem}.weight.scale"), [quantized.Scales.Length], quantized.Scales));
        var product = GraphEdits.MakeNode("MatMulInteger", $"{stem}.int32", input.Output[0], values, input.Output[2], zero);
        return Rescale(site, product, input, scales, site.Node.InputOrNull(2));
    }

    private static IEnumerable<NodeProto> Conv(GraphProto graph, WeightedNode site, NodeProto input)
    {
        var quantized = QuantizedWeight.Of(site.Weight, 0);
        var stem = site.Node.Output[0];
        long[] perChannel = [quantized.Scales.Length, .. Enumerable.Repeat(1L, site.Weight.Dims.Count - 2)];
        // ONNX Runtime's ConvInteger takes kernels of uint8 alone.
        var values = Store(graph, quantized.ToUint8(GraphEdits.FreshName(graph, $"{stem}.weight.uint8"), site.Weight.Dims));
        var zero = Store(graph, QuantizedWeight.Tensor(GraphEdits.FreshName(graph, $"{stem}.weight.zero_point"), DataType.Uint8, [], [128]));
        var scales = Store(graph, TensorProtoExtensions.Float(GraphEdits.FreshName(graph, $"{stem}.weight.scale"), perChannel, quantized.Scales));
        var product = GraphEdits.MakeNode("ConvInteger", $"{stem}.int32", input.Output[0], values, input.Output[2], zero);
        product.Attribute.AddRange(site.Node.Attribute.Select(a => a.Clone()));
        string? bias = null;
        if (site.Node.InputOrNull(2) is { } name)
        {
            var tensor = graph.Initializer.First(t => t.Name == name);
            bias = Store(graph, TensorProtoExtensions.Float(GraphEdits.FreshName(graph, $"{stem}.bias"), perChannel, tensor.ToFloats()));
        }

        return Rescale(site, product, input, scales, bias);
    }

    /// <summary>int32 · (scale of the data · scales of the weight) + bias, in the form that ONNX Runtime fuses.</summary>
    private static IEnumerable<NodeProto> Rescale(WeightedNode site, NodeProto product, NodeProto input, string scales, string? bias)
    {
        var stem = site.Node.Output[0];
        var cast = GraphEdits.MakeNode("Cast", $"{stem}.product", product.Output[0]);
        cast.Set("to", (int)DataType.Float);
        var scale = GraphEdits.MakeNode("Mul", $"{stem}.scale", input.Output[1], scales);
        var output = GraphEdits.MakeNode("Mul", bias is null ? stem : $"{stem}.rescaled", cast.Output[0], scale.Output[0]);
        NodeProto[] nodes = [product, cast, scale, output];
        return bias is null ? nodes : [.. nodes, GraphEdits.MakeNode("Add", stem, output.Output[0], bias)];
    }

    private static TensorProto Transposed(TensorProto tensor)
    {
        var (rows, columns) = ((int)tensor.Dims[0], (int)tensor.Dims[1]);
        var from = MemoryMarshal.Cast<byte, float>(tensor.ToBytes().Span);
        var to = new float[from.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                to[column * rows + row] = from[row * columns + column];
            }
        }

        return TensorProtoExtensions.Float(tensor.Name, [columns, rows], to);
    }

    private static string Store(GraphProto graph, TensorProto tensor)
    {
        graph.Initializer.Add(tensor);
        return tensor.Name;
    }
}
