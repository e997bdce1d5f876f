using System.Runtime.InteropServices;
using Google.Protobuf;

namespace OneFractal.Export;

/// <summary>A weight as int8 with one scale a channel: symmetric, so that 0 stays 0, and −128 is not used.</summary>
/// <param name="Values">Row-major, in the weight's own shape.</param>
/// <param name="Scales">One for each length of the channel axis.</param>
internal sealed record QuantizedWeight(sbyte[] Values, float[] Scales)
{
    private const int Largest = 127;

    /// <summary>Quantises a float32 tensor along <paramref name="axis"/>.</summary>
    /// <param name="tensor">The weight.</param>
    /// <param name="axis">The axis of its channels.</param>
    /// <param name="least">What each channel's scale is at least, or null.</param>
    public static QuantizedWeight Of(TensorProto tensor, int axis, double[]? least = null)
    {
        var values = tensor.ToFloats();
        var channels = (int)tensor.Dims[axis];
        var inner = (int)tensor.Dims.Skip(axis + 1).Aggregate(1L, (p, d) => p * d);
        var most = new float[channels];
        for (var i = 0; i < values.Length; i++)
        {
            ref var channel = ref most[i / inner % channels];
            channel = Math.Max(channel, Math.Abs(values[i]));
        }

        // A channel of zeros has any scale.
        float[] scales = [.. most.Select((m, i) => (float)Math.Max(m / Largest, least?[i] ?? 0)).Select(s => s > 0 ? s : 1)];
        var result = new sbyte[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            result[i] = (sbyte)Math.Clamp(MathF.Round(values[i] / scales[i / inner % channels]), -Largest, Largest);
        }

        return new QuantizedWeight(result, scales);
    }

    /// <summary>The values as an int8 tensor.</summary>
    public TensorProto ToInt8(string name, IEnumerable<long> dims) => Tensor(name, DataType.Int8, dims, MemoryMarshal.AsBytes<sbyte>(Values));

    /// <summary>The values moved up by 128, as a uint8 tensor whose zero point is 128.</summary>
    public TensorProto ToUint8(string name, IEnumerable<long> dims) => Tensor(name, DataType.Uint8, dims, [.. Values.Select(v => (byte)(v + 128))]);

    /// <summary>A tensor of raw bytes.</summary>
    public static TensorProto Tensor(string name, DataType type, IEnumerable<long> dims, ReadOnlySpan<byte> bytes)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(dims);
        return tensor;
    }
}
