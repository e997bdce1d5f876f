namespace OneFractal.Evaluation;

/// <summary>The same models in several precisions, to measure side by side: the deployment files that <see cref="ModelExport"/> writes.</summary>
public static class PrecisionVariants
{
    /// <summary>Writes every model in every precision into a folder.</summary>
    /// <param name="paths">Model files.</param>
    /// <param name="precisions">The precisions, the first of which the others are held against.</param>
    /// <param name="data">Labelled images to calibrate on, for <see cref="ExportPrecision.Int8Static"/>; null for none.</param>
    /// <param name="folder">Where to write; the files must outlive the models.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OneFractalException">A model cannot be written in such a precision.</exception>
    public static IReadOnlyList<BenchmarkModel> Write(
        IReadOnlyList<string> paths, IReadOnlyList<ExportPrecision> precisions, string? data, string folder, IProgressReporter progress, CancellationToken cancellation)
    {
        const int ComparedImages = 64;
        var models = new List<BenchmarkModel>();
        foreach (var (index, path) in paths.Index())
        {
            foreach (var precision in precisions)
            {
                // Each precision by itself: then the file has the name that is asked for.
                var file = Path.Combine(folder, $"{index}.{precision.Name()}.onnx");
                ModelExport.Run(path, file, new ModelExportSettings { Precisions = [precision], Data = data, TestImages = ComparedImages }, progress, cancellation);
                models.Add(BenchmarkModel.FromFile(file, $"{Path.GetFileName(path)}, {precision.Name()}"));
            }
        }

        return models;
    }
}
