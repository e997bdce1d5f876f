using OneFractal.Data;
using OneFractal.Data.Fractals;
using OneFractal.Data.Readers;
using OneFractal.Data.Synthesis;

namespace OneFractal.Evaluation;

/// <summary>The images that variants of a model are compared on, and those that ranges are calibrated on.</summary>
/// <param name="Test">To compare on.</param>
/// <param name="Calibration">To calibrate on: other ones where the data set has labels; null where there are no real images.</param>
/// <param name="IsLabelled">Whether the labels mean anything.</param>
/// <param name="Description">What <see cref="Test"/> is.</param>
internal sealed record ExportImages(IImageDataset Test, IImageDataset? Calibration, bool IsLabelled, string Description) : IDisposable
{
    private const int Fractals = 32;

    /// <summary>Opens what the settings say.</summary>
    /// <exception cref="DataException">There are no images.</exception>
    public static ExportImages Open(ModelExportSettings settings)
    {
        if (settings.Data is { } data)
        {
            var test = Few(Datasets.Open(data, DatasetSplit.Test), settings.TestImages, settings.Seed);
            // Ranges are never fitted to the images that accuracy is measured on.
            var calibration = Few(Datasets.Open(data, DatasetSplit.Train), settings.CalibrationImages, settings.Seed);
            return new ExportImages(test, calibration, true, $"{test.Count} test images of '{data}'");
        }

        if (settings.Images is { } images)
        {
            string[] files = [.. ImageFiles.Find([images])];
            var test = Few(new ImageFileDataset(files), settings.TestImages, settings.Seed);
            return new ExportImages(test, Few(new ImageFileDataset(files), settings.CalibrationImages, settings.Seed), false, $"{test.Count} images of '{images}'");
        }

        var set = new SyntheticDataset(FractalSet.Create(new FractalSetSettings { Classes = Fractals, Seed = settings.Seed }));
        return new ExportImages(set, null, false, $"{Fractals} fractals, seed {settings.Seed}");
    }

    public void Dispose()
    {
        Test.Dispose();
        Calibration?.Dispose();
    }

    private static IImageDataset Few(IImageDataset dataset, int? count, ulong seed)
    {
        return count is { } most && most < dataset.Count ? SubsetDataset.Stratified(dataset, most, seed) : dataset;
    }
}
