using OneFractal.Export;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>A graph of opset 21 whose nodes are of forms that opset 17 does not have.</summary>
internal static class NewerForms
{
    public static OnnxModel Build()
    {
        var g = new GraphBuilder("newer", 21);
        var x = g.Input("x", DataType.Float, "batch", 3, 6, 6);
        Value Floats(string name, params float[] values) => g.Initializer(TensorProtoExtensions.Float(name, [values.Length], values));
        x = g.Node("GroupNormalization", [x, Floats("scale", 1, 2, 3), Floats("bias", -1, 0, 1)], ("num_groups", 1));
        x = g.Node("Gelu", [g.Node("Mish", [x])]);
        // An axis each; of the sizes, those of the others are only known when it runs.
        x = g.Node("Pad", [x, g.Int64s(1, 2), g.Float(0.5f), g.Int64s(-1)]);
        x = g.Node("Resize", [x, null, null, g.Int64s(9)], ("axes", (long[])[2]), ("mode", "linear"));
        x = g.Node("Resize", [x, null, Floats("scales", 2)], ("axes", (long[])[3]), ("mode", "nearest"), ("nearest_mode", "floor"), ("coordinate_transformation_mode", "asymmetric"));
        x = g.Node("AveragePool", [x], ("kernel_shape", (long[])[3, 3]), ("dilations", (long[])[1, 1]));
        var parts = g.Nodes("Split", 3, [x], ("axis", 2), ("num_outputs", 3));
        x = g.Add(g.Node("ReduceMax", [parts[0], g.Int64s(2)]), g.Node("ReduceMean", [parts[2], g.Int64s(2)]));
        var quantized = g.Node("QuantizeLinear", [x, g.Float(0.1f)], ("output_dtype", (int)DataType.Int8), ("saturate", 1));
        x = g.Add(x, g.Node("DequantizeLinear", [quantized, g.Float(0.1f), g.Initializer(Zero())]));
        g.Output(g.Rename(g.Node("Cast", [x], ("to", (int)DataType.Float), ("saturate", 1)), "y"));
        return g.Build();
    }

    private static TensorProto Zero() => QuantizedWeight.Tensor("zero", DataType.Int8, [], [0]);
}
