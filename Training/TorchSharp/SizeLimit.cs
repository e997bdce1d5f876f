namespace OneFractal.Training;

/// <summary>
/// The largest value that a graph may ask for. Sizes come from files: one wrong number in a shape must be an error, not all memory of the machine.
/// </summary>
internal static class SizeLimit
{
    private const double MostElements = int.MaxValue, LargestElement = 8;

    // Beside a value there are its copies, its gradient and the rest of the graph.
    private static readonly double MostBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4.0;

    /// <summary>Fails for a shape of too many elements; else returns it.</summary>
    /// <exception cref="ArgumentException">The shape is too large.</exception>
    public static long[] Require(long[] shape)
    {
        Require(shape.Aggregate(1.0, (product, length) => product * length));
        return shape;
    }

    /// <summary>Fails for too many elements.</summary>
    /// <exception cref="ArgumentException">They are too many.</exception>
    public static void Require(double elements)
    {
        if (elements > MostElements || elements * LargestElement > MostBytes)
        {
            throw new ArgumentException($"it makes {elements:E2} elements, more than this machine can hold");
        }
    }
}
