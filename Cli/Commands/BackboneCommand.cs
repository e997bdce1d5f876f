using System.Globalization;
using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary>Names and makes backbones, and looks into model files.</summary>
internal sealed class BackboneCommand : Verb<BackboneSettings>
{
    /// <inheritdoc />
    protected override int Run(BackboneSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        switch (settings.Action)
        {
            case BackboneAction.List:
                Console.WriteLine(string.Join('\n', Backbone.Names));
                break;
            case BackboneAction.Create:
                Create(settings);
                break;
            default:
                Inspect(settings);
                break;
        }

        return 0;
    }

    private static void Inspect(BackboneSettings settings)
    {
        var file = settings.Model ?? throw new UsageException("Name the .onnx file to look into.");
        var report = ModelInspector.Inspect(file, new ForeignModelSettings { HeadAt = settings.HeadAt, Size = settings.Size });
        if (settings.Json)
        {
            JsonOutput.Print(report);
        }
        else
        {
            ModelTables.Print(report);
        }
    }

    private static void Create(BackboneSettings settings)
    {
        var name = settings.Model ?? throw new UsageException($"Name the backbone to create: one of {string.Join(", ", Backbone.Names)}.");
        if (settings.Output is not { } output || !output.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
        {
            throw new UsageException("Name the .onnx file to write with -o, e.g. -o backbone.onnx.");
        }

        var model = Backbone.Create(name, settings.Seed, settings.Size);
        if (settings.Weights is { } weights)
        {
            model = BackboneWeights.Load(model, weights);
        }

        model.Save(output);
        Tables.Print(
            ["", ""],
            [
                ["model", output],
                ["weights", settings.Weights ?? string.Create(CultureInfo.InvariantCulture, $"fresh, seed {settings.Seed}")],
                ["parameters", Backbone.CountParameters(model).ToString("N0", CultureInfo.InvariantCulture)],
                ["input", $"{TensorInfo.From(model.Graph.Input[0])}"],
                ["output", $"{TensorInfo.From(model.Graph.Output[0])}"],
            ]);
    }
}
