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

    /// <summary>Computes image <paramref name="index"/> into <paramref name="pixels"/>: size × size × channels bytes, row by row.</summary>
    void Render(int index, Span<byte> pixels);
}
