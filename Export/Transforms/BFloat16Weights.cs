using System.Runtime.InteropServices;
using Google.Protobuf;

namespace OneFractal.Export;

/// <summary>
/// Stores weights as bfloat16, with a Cast to float32 that runtimes fold when they load the file: it is half as large and everything is computed in float32.
/// ONNX Runtime's CPU provider has next to no kernels of bfloat16, so a graph that computes in it would run nowhere but on GPUs.
/// </summary>
public static class BFloat16Weights
{
    // Vectors (norms, biases) take no room, and the operators' parameters that are numbers are none of them weights.
    private const int SmallestWeight = 1024;

    /// <summary>A copy of a deployed model of float32.</summary>
    public static OnnxModel Apply(OnnxModel model)
    {
        var result = model.Clone();
        var graph = result.Graph;
        var casts = new List<NodeProto>();
        foreach (var tensor in graph.Initializer.Where(t => t.ElementType() == DataType.Float && t.Dims.Count >= 2 && t.ElementCount() >= SmallestWeight).ToArray())
        {
            var name = tensor.Name;
            var values = tensor.ToFloats();
            tensor.Name = GraphEdits.FreshName(graph, $"{name}.bfloat16");
            tensor.DataType = (int)DataType.Bfloat16;
            tensor.FloatData.Clear();
            tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<ushort>([.. values.Select(Round)]));
            var cast = GraphEdits.MakeNode("Cast", name, tensor.Name);
            cast.Set("to", (int)DataType.Float);
            casts.Add(cast);
        }

        GraphEdits.Replace(graph.Node, [.. casts, .. graph.Node]);
        ModelChecker.Check(result);
        return result;
    }

    /// <summary>The upper half of a float32, rounded to the nearest, ties to even.</summary>
    private static ushort Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsFinite(value) ? (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) : (ushort)(float.IsNaN(value) ? 0x7FC0 : bits >> 16);
    }
}
