using OneFractal.Data;
using OneFractal.Data.Readers;
using OpenCvSharp;

namespace OneFractal.Evaluation;

/// <summary>Image files without labels: all are of one class without a name.</summary>
internal sealed class ImageFileDataset(IReadOnlyList<string> files) : IImageDataset
{
    public int Count => files.Count;

    public IReadOnlyList<string> ClassNames { get; } = [""];

    public int Label(int index) => 0;

    public Mat Load(int index) => ImageDecoder.Load(files[index]);

    public string Describe(int index) => files[index];

    public void Dispose()
    {
    }
}
