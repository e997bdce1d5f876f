using OneFractal.Export.Onnx;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>Writes deployment files: constants folded, nothing that only training needs, and proven equal to the model they come from.</summary>
public static class ModelExport
{
    private const double Tolerance = 1e-5;
    private const int CheckedImages = 2;
    private const string Extension = ".onnx";

    /// <summary>Exports <paramref name="source"/> to <paramref name="output"/>, and its metadata to a JSON file beside it; a bundle into a folder.</summary>
    /// <exception cref="UsageException">The output is not a name for a new .onnx file, or settings do not go together.</exception>
    /// <exception cref="ModelException">The source is not usable, or the result differs from it; nothing is written.</exception>
    /// <exception cref="OneFractalException">The file cannot be written.</exception>
    public static ModelExportReport Run(string source, string output, ModelExportSettings? settings = null)
    {
        settings ??= new ModelExportSettings();
        if (settings.For is null)
        {
            CheckOutput(source, output);
        }
        else if (File.Exists(output) || output.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
        {
            throw new UsageException($"Cannot write a bundle to '{output}': name a folder.");
        }

        if (settings.Batch < 1)
        {
            throw new UsageException($"A batch of {settings.Batch} images is not possible: use 'dynamic' or a number from 1 on.");
        }

        var trained = Load(source, settings);
        var exported = DeploymentForm.Apply(trained, settings.Batch);
        var (error, tolerance) = Compare(trained, exported, settings.Seed);
        var files = settings.For is { } kind ? WriteBundle(kind, trained, exported, output) : WriteFile(exported, output);
        return new ModelExportReport(
            output,
            files,
            files.Sum(f => new FileInfo(settings.For is null ? f : Path.Combine(output, f)).Length),
            exported.Opset,
            Describe(exported.Graph.Input),
            Describe(exported.Graph.Output),
            error,
            tolerance);
    }

    /// <summary>Writes the weights of <paramref name="source"/> alone to <paramref name="output"/>; a batch size has no part in it.</summary>
    /// <returns>Number of tensors and of values written.</returns>
    /// <inheritdoc cref="BackboneWeights.Save" path="/exception" />
    public static (int Tensors, long Values) RunWeights(string source, string output, ModelExportSettings settings)
    {
        return BackboneWeights.Save(Load(source, settings), output);
    }

    internal static void CheckOutput(string source, string output)
    {
        if (!output.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) || Directory.Exists(output))
        {
            throw new UsageException($"Cannot export to '{output}': name a file that ends in .onnx, or in .safetensors or .pth for the weights alone.");
        }

        if (Path.GetFullPath(source) == Path.GetFullPath(output))
        {
            throw new UsageException($"'{output}' is the model to export, which still trains; choose another file.");
        }
    }

    /// <summary>The model to export, with the weights and without the head that the settings say.</summary>
    private static OnnxModel Load(string source, ModelExportSettings settings)
    {
        var model = TrainStepFile.LoadModel(source);
        if (settings.Weights is { } weights)
        {
            model = BackboneWeights.Load(model, weights);
        }

        return settings.Features ? ClassificationHead.Detach(model) : model;
    }

    private static string[] WriteFile(OnnxModel model, string output)
    {
        model.Save(output);
        if (model.Metadata is not { } metadata)
        {
            return [output];
        }

        var sidecar = Path.ChangeExtension(output, ".json");
        AtomicFile.WriteText(sidecar, metadata.ToJson());
        return [output, sidecar];
    }

    private static IReadOnlyList<string> WriteBundle(BundleKind kind, OnnxModel trained, OnnxModel deployed, string folder)
    {
        var metadata = deployed.Metadata ?? throw new ModelException(
            $"'{trained.Source}' does not say how it is fed, which a bundle for {kind} must: use a backbone or classifier that OneFractal wrote.");
        return ModelBundle.Write(kind, new BundleSource(trained, deployed, metadata), folder);
    }

    private static (double Error, double Tolerance) Compare(OnnxModel trained, OnnxModel exported, ulong seed)
    {
        using var plain = ModelRunner.Create(trained, new SessionSettings { Device = ComputeDevice.Cpu, Optimize = false });
        using var folded = ModelRunner.Create(exported, new SessionSettings { Device = ComputeDevice.Cpu });
        var random = new RandomStream(seed);
        var images = new float[CheckedImages * plain.ImageLength];
        foreach (ref var value in images.AsSpan())
        {
            value = (float)random.NextGaussian();
        }

        var expected = new float[CheckedImages * plain.OutputLength];
        var actual = new float[CheckedImages * folded.OutputLength];
        plain.Run(images, CheckedImages, expected);
        folded.Run(images, CheckedImages, actual);
        if (actual.Length != expected.Length)
        {
            throw new ModelException($"'{trained.Source}': exported, it gives other outputs than before; nothing was written.");
        }

        var comparison = OutputComparison.Of(actual, expected, CheckedImages);
        var tolerance = Tolerance * comparison.Scale;
        return comparison.MaxAbsolute <= tolerance
            ? (comparison.MaxAbsolute, tolerance)
            : throw new ModelException(FormattableString.Invariant(
                $"'{trained.Source}': exported, its outputs differ by {comparison.MaxAbsolute:0.0e+0}, more than {tolerance:0.0e+0}; nothing was written."));
    }

    internal static string[] Describe(IEnumerable<ValueInfoProto> values)
    {
        return [.. values.Select(v => $"{v.Name} {TensorInfo.From(v)}")];
    }
}
