using Microsoft.ML.OnnxRuntime;

namespace OneFractal.Evaluation;

/// <summary>Writes a model with the files that a software stack expects around it.</summary>
internal static class ModelBundle
{
    /// <summary>What settings the stack needs where they are not said.</summary>
    public static ModelExportSettings Complete(ModelExportSettings settings)
    {
        return settings is { For: BundleKind.OpenCv, Batch: null } ? settings with { Batch = 1 } : settings;
    }

    /// <summary>Refuses what the stack cannot have.</summary>
    /// <exception cref="UsageException">Settings that do not go together, or a folder that cannot be.</exception>
    public static void Check(BundleKind kind, string output, ModelExportSettings settings)
    {
        if (File.Exists(output) || output.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) || NameOf(output).Length == 0)
        {
            throw new UsageException($"Cannot write a bundle to '{output}': name a folder.");
        }

        AtomicFolder.RequireReplaceable(output);
        var name = kind.ToString().ToLowerInvariant();
        var isOne = settings.Precisions is [_];
        ExportPrecision[] known = kind switch
        {
            BundleKind.OpenCv or BundleKind.Timm => [ExportPrecision.Float32],
            BundleKind.Web or BundleKind.HuggingFace => [ExportPrecision.Float32, ExportPrecision.Float16, ExportPrecision.Int8, ExportPrecision.Int8Static],
            _ => Enum.GetValues<ExportPrecision>(),
        };
        if (settings.Precisions.Except(known).ToArray() is [var other, ..])
        {
            throw new UsageException($"--for {name} cannot be {other.Name()}: choose of {string.Join(", ", known.Select(k => k.Name()))}.");
        }

        (bool Given, string Option, string Why, BundleKind[] Not)[] limits =
        [
            (!isOne, "several of --precision", "it holds one model", [BundleKind.OnnxRuntime, BundleKind.Triton, BundleKind.OpenCv, BundleKind.Web, BundleKind.Timm]),
            (settings.EmbedPreprocessing, "--embed-preprocessing", "it preprocesses by itself", [BundleKind.OpenCv, BundleKind.Web, BundleKind.Timm, BundleKind.HuggingFace]),
            (settings.ExternalData, "--external-data", "it loads one file", [BundleKind.OpenCv, BundleKind.Web, BundleKind.Timm, BundleKind.HuggingFace]),
            (settings.AnySize, "--size dynamic", "it needs one image size", [BundleKind.OpenCv, BundleKind.Web, BundleKind.Timm, BundleKind.HuggingFace]),
            (settings.Output is not (ModelOutput.AsTrained or ModelOutput.Features), "--softmax, --tokens or --stages", "it knows class scores or features", [BundleKind.HuggingFace, BundleKind.Timm]),
            (settings.Batch is not null || settings.Opset is not null, "--batch or --opset", "it has no graph", [BundleKind.Timm]),
        ];
        if (limits.FirstOrDefault(l => l.Given && l.Not.Contains(kind)) is { Option: { } option, Why: var why })
        {
            throw new UsageException($"--for {name} cannot have {option}, since {why}: leave it out.");
        }
    }

    /// <summary>What a model in this folder is called.</summary>
    public static string NameOf(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));

    /// <summary>Writes the bundle to <paramref name="folder"/>, in the place of an older one, as a whole or not at all; returns its files' paths in it.</summary>
    /// <exception cref="UsageException">The stack has no such network, or the folder holds other files.</exception>
    /// <exception cref="ModelException">The stack's runtime, where it is here, refuses the model or gives other outputs.</exception>
    /// <exception cref="OneFractalException">A file cannot be written.</exception>
    public static IReadOnlyList<string> Write(BundleKind kind, BundleSource source, string folder)
    {
        var files = Files(kind, source).ToArray();
        AtomicFolder.Replace(folder, place =>
        {
            foreach (var file in files)
            {
                file.Write(Path.Combine(place, file.Name));
            }

            foreach (var file in files.Where(f => f.Name.EndsWith(".onnx", StringComparison.Ordinal)))
            {
                var path = Path.Combine(place, file.Name);
                var (session, _) = SessionFactory.Create(path, new SessionSettings { Device = ComputeDevice.Cpu }, options => new InferenceSession(path, options));
                session.Dispose();
            }
        });
        return [.. files.Select(f => f.Name)];
    }

    private static IEnumerable<BundleFile> Files(BundleKind kind, BundleSource source) => kind switch
    {
        BundleKind.OnnxRuntime => OnnxRuntimeBundle.Files(source),
        BundleKind.Triton => TritonBundle.Files(source),
        BundleKind.OpenCv => OpenCvBundle.Files(source),
        BundleKind.Web => WebBundle.Files(source),
        BundleKind.Timm => TimmBundle.Files(source),
        BundleKind.HuggingFace => HuggingFaceBundle.Files(source),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
