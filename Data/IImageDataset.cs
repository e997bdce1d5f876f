using OpenCvSharp;

namespace OneFractal.Data;

/// <summary>Labelled images by index. Every member may be called from several threads at once.</summary>
public interface IImageDataset : IDisposable
{
    /// <summary>How many images there are.</summary>
    int Count { get; }

    /// <summary>The name of each class; a label is an index into this list.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>The class of image <paramref name="index"/>, from 0.</summary>
    int Label(int index);

    /// <summary>Image <paramref name="index"/>: 8 bits a channel, 3 channels in R, G, B order, or 1 grey channel. The caller disposes it.</summary>
    /// <exception cref="BadImageException">The image cannot be decoded.</exception>
    Mat Load(int index);

    /// <summary>
    /// Several images, as <see cref="Load"/> gives one; a data set that computes its images may do it faster side by side. The caller
    /// disposes each of them.
    /// </summary>
    /// <exception cref="BadImageException">An image cannot be decoded.</exception>
    Mat[] LoadMany(ReadOnlySpan<int> indices)
    {
        var images = new Mat?[indices.Length];
        try
        {
            for (var i = 0; i < images.Length; i++)
            {
                images[i] = Load(indices[i]);
            }
        }
        catch
        {
            foreach (var image in images)
            {
                image?.Dispose();
            }

            throw;
        }

        return images!;
    }

    /// <summary>What to call image <paramref name="index"/> in a message: its path, or where it comes from.</summary>
    string Describe(int index);
}
