namespace OneFractal.Data.Synthesis;

/// <summary>Square images that are computed, each from its index alone. Thread-safe.</summary>
public interface ISyntheticSource
{
    /// <summary>How many classes there are.</summary>
    int ClassCount { get; }

    /// <summary>Images of each class; image i belongs to class i / ImagesPerClass.</summary>
    int ImagesPerClass { get; }

    /// <summary>Height and width in pixels.</summary>
    int Size { get; }

    /// <summary>1 (grey) or 3 (R, G, B).</summary>
    int Channels { get; }

    /// <summary>The names of the parameters that tell one image from another, for <c>classes.csv</c>.</summary>
    IReadOnlyList<string> ParameterNames { get; }

    /// <summary>
    /// Computes image <paramref name="index"/> into <paramref name="pixels"/>, size × size × channels bytes, row by row, and returns its
    /// parameters, one for each of <see cref="ParameterNames"/>.
    /// </summary>
    /// <exception cref="DataException">The image cannot be made with these settings.</exception>
    double[] Render(int index, Span<byte> pixels);

    /// <summary>Computes several images, as <see cref="Render"/> does one, which is faster where images are computed side by side.</summary>
    /// <param name="indices">Which images.</param>
    /// <param name="images">Where the pixels of each go.</param>
    /// <returns>The parameters of each.</returns>
    /// <exception cref="DataException">An image cannot be made with these settings.</exception>
    double[][] RenderMany(ReadOnlySpan<int> indices, ReadOnlySpan<Memory<byte>> images)
    {
        var parameters = new double[indices.Length][];
        for (var i = 0; i < parameters.Length; i++)
        {
            parameters[i] = Render(indices[i], images[i].Span);
        }

        return parameters;
    }
}
