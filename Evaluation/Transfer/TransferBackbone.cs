using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>A backbone that is evaluated.</summary>
internal sealed class TransferBackbone
{
    private readonly ForeignModelSettings _foreign;
    private readonly string? _file;
    private readonly string? _scratch;

    private TransferBackbone(BackboneSource source, string? file, ForeignModelSettings foreign, OnnxModel model)
    {
        Name = source.Name;
        _file = file;
        _foreign = foreign;
        _scratch = source.ScratchName;
        var metadata = model.Metadata!;
        Architecture = metadata.Architecture;
        ImageSize = metadata.Preprocessing.Height;
        Parameters = Backbone.CountParameters(ClassificationHead.Detach(model));
        Provenance = metadata.Provenance;
        Role = source.Control ? BackboneRole.Control : _scratch is null ? BackboneRole.Candidate : BackboneRole.Scratch;
        Identity = _scratch is null ? RunKey.Of(model.Fingerprint()) : $"{BackboneSource.ScratchPrefix}{Architecture}{(foreign.Size is { } size ? $", {size} pixels" : "")}";
    }

    public string Name { get; }

    public BackboneRole Role { get; }

    /// <summary>Whether OneFractal did not write the file.</summary>
    public bool IsForeign { get; private init; }

    public string Architecture { get; }

    /// <summary>Height of the images it takes, in pixels.</summary>
    public int ImageSize { get; }

    /// <summary>Trainable values without the head.</summary>
    public long Parameters { get; }

    /// <summary>What the file says of where it came from.</summary>
    public IReadOnlyDictionary<string, string> Provenance { get; }

    /// <summary>What tells these weights from others.</summary>
    public string Identity { get; }

    /// <summary>The seed of the weights of a run, where they have one.</summary>
    public ulong WeightsSeed(ulong seed) => _scratch is null ? 0 : seed;

    /// <summary>Finds the file and looks into it; whatever is wrong with it is said now.</summary>
    public static TransferBackbone Open(BackboneSource source, ForeignModelSettings foreign, IProgressReporter progress)
    {
        // The other options of foreign files concern those alone.
        var sized = new ForeignModelSettings { Size = foreign.Size };
        if (source.ScratchName is { } scratch)
        {
            return new TransferBackbone(source, null, sized, Backbone.Create(scratch, imageSize: sized.Size));
        }

        var file = source.Path;
        if (Directory.Exists(file))
        {
            var run = new RunFolder(file);
            file = new[] { run.Backbone, run.Classifier }.FirstOrDefault(File.Exists)
                ?? throw new OneFractalException($"'{source.Path}' holds neither backbone.onnx nor classifier.onnx: name a run folder of pretrain or finetune that has ended, or a file.");
        }

        var isForeign = StartingModel.IsForeign(file);
        var used = isForeign ? foreign : sized;
        return new TransferBackbone(source, file, used, StartingModel.Load(file, used, progress)) { IsForeign = isForeign };
    }

    /// <summary>The network up to its features.</summary>
    public OnnxModel Features(ulong seed)
    {
        return ClassificationHead.Detach(_scratch is null ? StartingModel.Load(_file!, _foreign, NullProgress.Instance) : Backbone.Create(_scratch, seed, _foreign.Size));
    }

    /// <summary>Settings of a fine-tuning that starts from these weights.</summary>
    public FinetuningSettings Start(TransferData data, TrainingRecipe recipe, ulong seed) => new()
    {
        Data = data.Source.Path,
        Backbone = _file,
        FromScratch = _scratch,
        Foreign = _foreign,
        Recipe = recipe,
        // Every backbone gets the same budget and the same images.
        Patience = 0,
        ClassWeights = ClassWeighting.None,
        Seed = seed,
    };
}
