using OneFractal.Export.Onnx;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>
/// Writes deployment files: constants and BatchNormalization folded, nothing that only training needs, and proven equal to the model they come from; in other
/// precisions, measured beside it.
/// </summary>
public static class ModelExport
{
    private const double Tolerance = 1e-5;
    private const int CheckedImages = 2;
    private const string Extension = ".onnx";

    /// <summary>Exports <paramref name="source"/> to <paramref name="output"/>, and its metadata to a JSON file beside it; a bundle into a folder.</summary>
    /// <param name="source">A model file.</param>
    /// <param name="output">The file to write, from whose name those of several precisions are made; of a bundle the folder.</param>
    /// <param name="settings">What to write.</param>
    /// <param name="progress">Told what goes on.</param>
    /// <param name="cancellation">Ends the work before anything is written.</param>
    /// <exception cref="UsageException">The output is not a name for a new .onnx file, or settings do not go together.</exception>
    /// <exception cref="ModelException">The source is not usable, or the result differs from it; nothing is written.</exception>
    /// <exception cref="OneFractalException">The file cannot be written.</exception>
    public static ModelExportReport Run(
        string source, string output, ModelExportSettings? settings = null, IProgressReporter? progress = null, CancellationToken cancellation = default)
    {
        settings = ModelBundle.Complete(settings ?? new ModelExportSettings());
        progress ??= NullProgress.Instance;
        Check(source, output, settings);
        var packages = settings.For == BundleKind.Web ? NodePackages.Find(settings.NodePackages) : null;
        if (packages is not null)
        {
            WebPage.Check(packages);
        }

        var notes = new List<string>();
        var trained = Load(source, settings, notes);
        var preprocessing = trained.Metadata?.Preprocessing;
        var isClassifier = IsClassifier(trained, settings.Output);
        var deployed = Workable(DeploymentForm.Apply(trained, settings.Batch), settings);
        var (error, tolerance) = Compare(trained, AtOpset(deployed, settings), settings.Seed);
        if (settings.AnySize)
        {
            CheckAnySize(source, deployed, settings);
        }

        using var images = NeedsMetadata(settings) && preprocessing is not null && !settings.AnySize ? ExportImages.Open(settings) : null;
        ExportPrecision[] precisions = [.. settings.Precisions.Prepend(ExportPrecision.Float32).Distinct()];
        OnnxModel[] converted = [.. precisions.Select(p => Convert(deployed, p, images, notes, progress, cancellation))];
        OnnxModel[] plain = [.. converted.Select(m => AtOpset(m, settings))];
        var agreements = images is null ? null : VariantComparison.Measure(plain, images, preprocessing!, isClassifier, progress, cancellation);
        var written = settings.EmbedPreprocessing ? [.. converted.Select(m => AtOpset(EmbeddedPreprocessing.Apply(m, preprocessing!), settings))] : plain;
        (ExportPrecision Precision, OnnxModel Model)[] files = [.. settings.Precisions.Select(p => (p, written[Array.IndexOf(precisions, p)]))];
        var embedded = settings.EmbedPreprocessing
            ? PreprocessingComparison.Measure(files[0].Model, plain[Array.IndexOf(precisions, files[0].Precision)], images!, preprocessing!, isClassifier)
            : null;
        if (settings.EmbedPreprocessing && files[0].Model.Opset < EmbeddedPreprocessing.AntialiasOpset && preprocessing!.Interpolation != Interpolation.Nearest)
        {
            notes.Add($"opset {files[0].Model.Opset} resizes without antialias, so that images that are much larger lose detail: opset {EmbeddedPreprocessing.AntialiasOpset} does not");
        }

        if (settings.For == BundleKind.Web && WebBundle.HasPage(files[0].Model, trained.Metadata!) && packages?.Version(NodePackages.WebPackage) is null)
        {
            notes.Add($"index.html lacks {NodePackages.WebPackage}: {NodePackages.HowToGet}");
        }

        cancellation.ThrowIfCancellationRequested();
        var paths = settings.For is { } bundle
            ? ModelBundle.Write(bundle, new BundleSource(trained, files, trained.Metadata!, settings.ExternalData, ModelBundle.NameOf(output), packages), output)
            : WriteFiles(files, output, settings.ExternalData);
        return new ModelExportReport(
            output,
            paths,
            paths.Sum(f => new FileInfo(settings.For is null ? f : Path.Combine(output, f)).Length),
            files[0].Model.Opset,
            Describe([OutputReader.Input(files[0].Model)]),
            Describe(files[0].Model.Graph.Output),
            error,
            tolerance,
            images?.Description,
            [.. precisions.Select((p, i) => new ExportedVariant(p, settings.Precisions.Contains(p), written[i].SizeInBytes, agreements?[i]))],
            embedded,
            notes);
    }

    /// <summary>Writes the weights of <paramref name="source"/> alone to <paramref name="output"/>; a batch size has no part in it.</summary>
    /// <returns>Number of tensors and of values written.</returns>
    /// <inheritdoc cref="BackboneWeights.Save" path="/exception" />
    public static (int Tensors, long Values) RunWeights(string source, string output, ModelExportSettings settings)
    {
        return BackboneWeights.Save(Load(source, settings, []), output);
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

    internal static string[] Describe(IEnumerable<ValueInfoProto> values)
    {
        return [.. values.Select(v => $"{v.Name} {TensorInfo.From(v)}")];
    }

    private static void Check(string source, string output, ModelExportSettings settings)
    {
        if (settings.For is { } kind)
        {
            ModelBundle.Check(kind, output, settings);
        }
        else
        {
            CheckOutput(source, output);
        }

        if (settings.Batch < 1)
        {
            throw new UsageException($"A batch of {settings.Batch} images is not possible: use 'dynamic' or a number from 1 on.");
        }

        if (settings.Opset is { } opset)
        {
            OpsetConversion.Require(opset);
        }

        if (settings.Data is not null && settings.Images is not null)
        {
            throw new UsageException("Give the images by --data, with labels, or by --images, without, not both.");
        }

        if (settings.Precisions.Contains(ExportPrecision.Int8Static) && settings.Data is null && settings.Images is null)
        {
            throw new UsageException("int8-static is calibrated on real images: name them with --data (class folders) or --images.");
        }

        if (settings.AnySize && (settings.EmbedPreprocessing || settings.Data is not null || settings.Images is not null))
        {
            throw new UsageException("--size dynamic leaves it open how images are resized: leave out --embed-preprocessing (which takes images of any size), --data and --images.");
        }
    }

    /// <summary>Whether what is asked for depends on how images are fed.</summary>
    private static bool NeedsMetadata(ModelExportSettings settings)
    {
        return settings.For is not null || settings.Data is not null || settings.Images is not null || settings.EmbedPreprocessing
            || settings.Precisions.Any(p => p != ExportPrecision.Float32);
    }

    /// <summary>The model to export, with the weights, the image size and the outputs that the settings say.</summary>
    private static OnnxModel Load(string source, ModelExportSettings settings, List<string> notes)
    {
        var model = TrainStepFile.LoadModel(source);
        if (model.Metadata is null && (settings.Foreign is not null || NeedsMetadata(settings)))
        {
            var import = ForeignModel.Import(model, settings.Foreign);
            notes.AddRange(import.Notes);
            model = import.Model;
        }
        else if (settings.Foreign is not null)
        {
            throw new UsageException($"'{source}' says itself how it is fed: leave out --mean, --std, --pixel-max, --bgr and --head-at.");
        }

        if (settings.Weights is { } weights)
        {
            model = BackboneWeights.Load(model, weights);
        }

        model = settings.Size is { } size ? BackboneSize.Apply(model, size) : settings.AnySize ? OfAnySize(model, settings) : model;
        return OutputSelection.Apply(model, settings.Output);
    }

    private static OnnxModel OfAnySize(OnnxModel model, ModelExportSettings settings)
    {
        // Positions are resampled with antialias where the opset has it.
        return BackboneSize.Any(Target(settings) is { } target && target > OnnxModel.WrittenOpset ? OpsetConversion.Apply(model, EmbeddedPreprocessing.AntialiasOpset) : model);
    }

    private static bool IsClassifier(OnnxModel model, ModelOutput output)
    {
        return output == ModelOutput.Probabilities
            || (output == ModelOutput.AsTrained && (model.Metadata is { Labels.Count: > 0 } || (model.FeaturesValue is { } features && features != model.Graph.Output[0].Name)));
    }

    /// <summary>The deployed model in an opset in which the rest can be done: nodes of the newest forms are brought to an older opset at the end.</summary>
    private static OnnxModel Workable(OnnxModel model, ModelExportSettings settings)
    {
        return Target(settings) is { } target ? OpsetConversion.Apply(model, Math.Max(target, OnnxModel.WrittenOpset))
            : settings.Precisions.All(p => p == ExportPrecision.Float32) ? model
            : OpsetUpgrade.Apply(model);
    }

    private static OnnxModel AtOpset(OnnxModel model, ModelExportSettings settings)
    {
        return Target(settings) is { } target && target < model.Opset ? OpsetConversion.Apply(model, target) : model;
    }

    private static int? Target(ModelExportSettings settings)
    {
        return settings.Opset ?? (settings.EmbedPreprocessing || settings.AnySize ? EmbeddedPreprocessing.AntialiasOpset : null);
    }

    private static OnnxModel Convert(
        OnnxModel model, ExportPrecision precision, ExportImages? images, List<string> notes, IProgressReporter progress, CancellationToken cancellation)
    {
        switch (precision)
        {
            case ExportPrecision.Float16:
                var (half, cut) = HalfPrecision.Apply(model);
                notes.AddRange(cut);
                return half;
            case ExportPrecision.BFloat16:
                return BFloat16Weights.Apply(model);
            case ExportPrecision.Int8:
                return DynamicQuantization.Apply(model);
            case ExportPrecision.Int8Static:
                var ranges = RangeCalibration.Measure(model, images!.Calibration!, model.Metadata!.Preprocessing, progress, cancellation);
                notes.Add($"calibrated on {images.Calibration!.Count} images");
                return StaticQuantization.Apply(model, ranges);
            default:
                return model;
        }
    }

    private static List<string> WriteFiles((ExportPrecision Precision, OnnxModel Model)[] files, string output, bool external)
    {
        var paths = new List<string>();
        foreach (var (precision, model) in files)
        {
            var path = files.Length == 1 || precision == ExportPrecision.Float32 ? output : Path.ChangeExtension(output, $".{precision.Name()}{Extension}");
            paths.AddRange(ModelFiles.Write(model, path, external));
        }

        if (files[0].Model.Metadata is { } metadata)
        {
            var sidecar = Path.ChangeExtension(output, ".json");
            AtomicFile.WriteText(sidecar, metadata.ToJson());
            paths.Add(sidecar);
        }

        return paths;
    }

    private static (double Error, double Tolerance) Compare(OnnxModel trained, OnnxModel exported, ulong seed)
    {
        using var plain = OutputReader.Open(trained, optimize: false);
        using var folded = OutputReader.Open(exported);
        var images = Noise(CheckedImages * plain.ImageLength, seed);
        var (expected, actual) = (plain.Run(images, CheckedImages), folded.Run(images, CheckedImages));
        double error = 0, tolerance = 0;
        foreach (var (a, b) in actual.Zip(expected))
        {
            if (a.Length != b.Length)
            {
                throw new ModelException($"'{trained.Source}': exported, it gives other outputs than before; nothing was written.");
            }

            var comparison = OutputComparison.Of(a, b, CheckedImages);
            error = Math.Max(error, comparison.MaxAbsolute);
            tolerance = Math.Max(tolerance, Tolerance * comparison.Scale);
            if (!(comparison.MaxAbsolute <= Tolerance * comparison.Scale))
            {
                throw new ModelException(FormattableString.Invariant(
                    $"'{trained.Source}': exported, its outputs differ by {comparison.MaxAbsolute:0.0e+0}, more than {Tolerance * comparison.Scale:0.0e+0}; nothing was written."));
            }
        }

        return (error, tolerance);
    }

    /// <summary>Runs the model of any size at another than its own, against the same model made for that.</summary>
    private static void CheckAnySize(string source, OnnxModel deployed, ModelExportSettings settings)
    {
        const int More = 64;
        var size = OutputReader.Shape(deployed)[1] + More;
        try
        {
            var other = Load(source, settings with { AnySize = false, Size = size }, []);
            var resized = deployed.Clone();
            resized.Metadata = other.Metadata;
            Compare(other, AtOpset(resized, settings), settings.Seed);
        }
        catch (ModelException e)
        {
            throw new ModelException($"'{source}' is made for one image size, and cannot take any: name one with --size ({e.Message.TrimEnd('.')}).", e);
        }
    }

    private static float[] Noise(int length, ulong seed)
    {
        var random = new RandomStream(seed);
        var values = new float[length];
        foreach (ref var value in values.AsSpan())
        {
            value = (float)random.NextGaussian();
        }

        return values;
    }
}
