namespace OneFractal.Export;

/// <summary>A value of a graph that is being built: an input, an initializer or a node's output.</summary>
/// <param name="Name">Its name in the graph.</param>
/// <param name="Info">Type and shape.</param>
public sealed record Value(string Name, TensorInfo Info)
{
    /// <summary>The dimensions; the rank of every value that the builder makes is known.</summary>
    public IReadOnlyList<Dim> Shape => Info.Shape ?? throw new ModelException($"The shape of '{Name}' is not known.");

    /// <summary>A dimension that must be a known number; negative axes count from the end.</summary>
    public long Length(int axis)
    {
        return Shape[axis < 0 ? axis + Shape.Count : axis].Value ?? throw new ModelException($"Dimension {axis} of '{Name}' {Info} is not a number.");
    }

    /// <summary>Number of elements, of a shape that is known.</summary>
    public long Count() => Count([.. Enumerable.Range(0, Shape.Count).Select(i => (long)i)]);

    /// <summary>Number of elements that differ only in their places along <paramref name="axes"/>, whose lengths must be known.</summary>
    public long Count(IReadOnlyCollection<long> axes) => axes.Aggregate(1L, (product, axis) => product * Length((int)axis));
}
