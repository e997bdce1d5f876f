using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// Named float32 tensors of a model in one vector: each is a view of it, so that an optimizer step, a norm, an average or a copy is one operation
/// instead of one per layer.
/// </summary>
internal sealed class FlatState : IDisposable
{
    private FlatState(Tensor vector, IReadOnlyList<(string Name, Tensor View)> entries)
    {
        Vector = vector;
        Entries = entries;
    }

    /// <summary>All values, [sum of the lengths].</summary>
    public Tensor Vector { get; }

    /// <summary>Views of <see cref="Vector"/>, in order.</summary>
    public IReadOnlyList<(string Name, Tensor View)> Entries { get; }

    /// <summary>Zeros under the names and with the shapes that are given.</summary>
    public static FlatState Zeros(IEnumerable<(string Name, long[] Shape)> entries, Device device)
    {
        var layout = entries.Select(e => (e.Name, e.Shape, Length: e.Shape.Aggregate(1L, (p, d) => p * d))).ToArray();
        var vector = zeros(layout.Sum(e => e.Length), dtype: ScalarType.Float32, device: device);
        var views = new List<(string, Tensor)>();
        long offset = 0;
        foreach (var (name, shape, length) in layout)
        {
            using var part = vector.narrow(0, offset, length);
            views.Add((name, part.view(shape)));
            offset += length;
        }

        return new FlatState(vector, views);
    }

    /// <summary>Zeros of the same layout.</summary>
    public FlatState ZerosLike() => Zeros(Entries.Select(e => (e.Name, e.View.shape)), Vector.device);

    /// <summary>A copy of the same layout.</summary>
    public FlatState Copy()
    {
        var result = ZerosLike();
        using var noGradient = no_grad();
        result.Vector.copy_(Vector);
        return result;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var (_, view) in Entries)
        {
            view.Dispose();
        }

        Vector.Dispose();
    }
}
