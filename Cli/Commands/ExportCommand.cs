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

        var report = ModelExport.Run(
            settings.Model,
            output,
            new ModelExportSettings { Batch = batch, Features = settings.Features, Weights = settings.Weights, For = settings.For });
        Tables.Print(
            ["", ""],
            [
                ["model", report.Path],
                ["files", string.Join(", ", report.Files)],
                ["size", Size(report.Bytes)],
                ["opset", report.Opset.ToString(CultureInfo.InvariantCulture)],
                ["input", string.Join("; ", report.Inputs)],
                ["output", string.Join("; ", report.Outputs)],
                ["difference", string.Create(CultureInfo.InvariantCulture, $"{report.MaxError:0.0e+0} on ONNX Runtime, at most {report.Tolerance:0.0e+0} accepted")],
            ]);
        return 0;
    }

    private static int ExportTrainStep(ExportSettings settings, string output, int? batch, IProgressReporter progress)
    {
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
        if (batch is not null)
        {
            throw new UsageException($"--batch is of a model, and '{output}' takes only weights: leave it out, or name an .onnx file.");
        }

        var (tensors, values) = ModelExport.RunWeights(
            settings.Model, output, new ModelExportSettings { Features = settings.Features, Weights = settings.Weights });
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
