using System.Buffers.Binary;

namespace OneFractal.Export;

/// <summary>Makes float32 of everything in a graph that is float16, bfloat16 or float64: weights train in float32 alone.</summary>
internal static class Float32Conversion
{
    /// <summary>Changes the model; returns the type that its weights had, or null when there was nothing to do.</summary>
    public static DataType? Apply(OnnxModel model)
    {
        var types = model.Graph.Initializer.Select(t => t.ElementType()).Concat(model.Graph.Input.Select(i => (DataType)(i.Type?.TensorType?.ElemType ?? 0)));
        var found = types.FirstOrDefault(IsOther);
        if (found == DataType.Undefined)
        {
            return null;
        }

        foreach (var graph in model.Graph.WithBodies())
        {
            foreach (var value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
            {
                if (value.Type?.TensorType is { } type && IsOther((DataType)type.ElemType))
                {
                    type.ElemType = (int)DataType.Float;
                }
            }

            foreach (var attribute in graph.Node.SelectMany(n => n.Attribute))
            {
                // Cast's target, and the type that random and filled tensors get.
                if (attribute.Name is "to" or "dtype" && attribute.HasI && IsOther((DataType)attribute.I))
                {
                    attribute.I = (long)DataType.Float;
                }
            }
        }

        foreach (var tensor in model.Graph.Tensors().Where(t => IsOther(t.ElementType())).ToArray())
        {
            var values = Read(tensor);
            tensor.Int32Data.Clear();
            tensor.DoubleData.Clear();
            tensor.DataType = (int)DataType.Float;
            tensor.SetFloats(values);
        }

        return found;
    }

    private static bool IsOther(DataType type) => type is DataType.Float16 or DataType.Bfloat16 or DataType.Double;

    private static float[] Read(TensorProto tensor)
    {
        var bytes = tensor.ToBytes().Span;
        var values = new float[tensor.ElementCount()];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = tensor.ElementType() switch
            {
                DataType.Float16 => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]),
                DataType.Bfloat16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16),
                // The lowest double stands for −∞ in masks, and must not become it.
                _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]) is var d && double.IsFinite(d)
                    ? (float)Math.Clamp(d, float.MinValue, float.MaxValue)
                    : (float)d,
            };
        }

        return values;
    }
}
