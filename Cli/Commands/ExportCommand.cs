using System.Globalization;
using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Evaluation;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary>Writes a deployment file of a trained model, its weights, or a whole step of its training.</summary>
internal sealed class ExportCommand : Verb<ExportSettings>
{
    /// <inheritdoc />
    protected override int Run(ExportSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var output = settings.Output ?? throw new UsageException("Name the file to write with -o, e.g. -o model.onnx.");
        var batch = ParseBatch(settings.Batch);
        if (settings.TrainStep)
        {
            return ExportTrainStep(settings, output, batch, progress);
        }

        settings.RequireNoTrainStep();
        if (BackboneWeights.IsWeightsFile(output))
        {
            return ExportWeights(settings, output, batch);
        }

        var model = settings.ResolveModel(batch);
        if (settings.Install)
        {
            progress.Message($"Packages of Node.js: {NodePackages.Install(settings.NodePackages).Folder}");
        }

        var report = ModelExport.Run(settings.Model, output, model, progress, cancellation);
        Tables.Print(
            ["", ""],
            [
                [settings.For is null ? "model" : "folder", report.Path],
                ["files", string.Join(", ", report.Files)],
                ["size", Size(report.Bytes)],
                ["opset", report.Opset.ToString(CultureInfo.InvariantCulture)],
                ["input", string.Join("; ", report.Inputs)],
                ["output", string.Join("; ", report.Outputs)],
                ["difference", string.Create(CultureInfo.InvariantCulture, $"{report.MaxError:0.0e+0} on ONNX Runtime, at most {report.Tolerance:0.0e+0} accepted")],
                .. Preprocessing(report.Preprocessing),
                .. report.Notes.Select(n => (string[])["note", n]),
            ]);
        if (report.Images is { } images)
        {
            Console.WriteLine();
            Console.WriteLine($"Beside fp32, on {images}:");
            PrintVariants(report.Variants);
        }

        return 0;
    }

    private static IEnumerable<string[]> Preprocessing(PreprocessingAgreement? agreement)
    {
        if (agreement is { } a)
        {
            yield return
            [
                "preprocessing",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"in the graph; pixels (0 to 255) differ from predict's by {a.MeanPixel:0.00} on average and {a.MaxPixel:0.0} at most, outputs by {a.MaxDifference:0.0e+0}{(a.Top1Agreement is { } same ? $", {100 * same:0.##} % of {a.Images} images have the same class" : "")}"),
            ];
        }
    }

    private static void PrintVariants(IReadOnlyList<ExportedVariant> variants)
    {
        var full = variants[0];
        Tables.Print(
            ["precision", "size", "of fp32", "top-1", "same class", "cosine", "max difference"],
            [.. variants.Select(v => (string[])
            [
                v.IsWritten ? v.Precision.Name() : $"{v.Precision.Name()}, not written",
                Size(v.Bytes),
                Percent((double)v.Bytes / full.Bytes),
                Percent(v.Agreement?.Accuracy),
                Percent(v.Agreement?.Top1Agreement),
                v.Agreement?.Cosine.ToString("0.00000", CultureInfo.InvariantCulture) ?? "-",
                v.Agreement?.MaxDifference.ToString("0.0e+0", CultureInfo.InvariantCulture) ?? "-",
            ])]);
    }

    private static string Percent(double? share) => share is { } s ? string.Create(CultureInfo.InvariantCulture, $"{100 * s:0.00} %") : "-";

    private static int ExportTrainStep(ExportSettings settings, string output, int? batch, IProgressReporter progress)
    {
        settings.RequireNoDeployment("a train step");
        if (settings.Features || settings.Weights is not null)
        {
            throw new UsageException("A train step needs a head, and stores the model's own weights: leave --features and --weights out.");
        }

        var report = TrainStepExport.Run(settings.ResolveTrainStep(batch), output, progress);
        Tables.Print(
            ["", ""],
            [
                ["train step", report.Path],
                ["metadata", report.Sidecar],
                ["size", Size(report.Bytes)],
                ["opset", report.Opset.ToString(CultureInfo.InvariantCulture)],
                ["feed", string.Join("; ", report.Inputs)],
                ["state", string.Create(CultureInfo.InvariantCulture, $"{report.StateTensors:N0} inputs X, each fed what output next.X was; {report.StateValues:N0} values, at first zeros")],
                ["output", string.Join("; ", report.Outputs)],
            ]);
        return 0;
    }

    private static int ExportWeights(ExportSettings settings, string output, int? batch)
    {
        settings.RequireNoDeployment("weights alone");
        if (batch is not null)
        {
            throw new UsageException($"--batch is of a model, and '{output}' takes only weights: leave it out, or name an .onnx file.");
        }

        var (tensors, values) = ModelExport.RunWeights(
            settings.Model, output, settings.ResolveModel(null));
        Tables.Print(
            ["", ""],
            [
                ["weights", output],
                ["tensors", tensors.ToString("N0", CultureInfo.InvariantCulture)],
                ["values", values.ToString("N0", CultureInfo.InvariantCulture)],
            ]);
        return 0;
    }

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.00} MiB");

    private static int? ParseBatch(string text)
    {
        return text.Equals("dynamic", StringComparison.OrdinalIgnoreCase) ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var batch) && batch > 0 ? batch
            : throw new UsageException($"--batch: '{text}' is neither 'dynamic' nor a number from 1 on.");
    }
}
