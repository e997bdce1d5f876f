namespace OneFractal.Export;

/// <summary>Some of a model's stored tensors.</summary>
/// <param name="Tensors">How many.</param>
/// <param name="Values">Numbers in them.</param>
public sealed record TensorCount(int Tensors, long Values)
{
    internal static TensorCount Of(IEnumerable<TensorProto> tensors)
    {
        var counts = tensors.Select(t => (long)t.ElementCount()).ToArray();
        return new TensorCount(counts.Length, counts.Sum());
    }
}
