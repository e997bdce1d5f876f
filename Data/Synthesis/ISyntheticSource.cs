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
}
