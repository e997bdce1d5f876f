namespace OneFractal.Training;

/// <summary>The model file that training starts from: one of ours, a train step's classifier, or any ONNX image network.</summary>
public static class StartingModel
{
    /// <summary>Whether OneFractal did not write the file, so that settings may say what it cannot.</summary>
    /// <exception cref="ModelException">Not a model.</exception>
    public static bool IsForeign(string path) => ForeignModel.IsForeign(TrainStepFile.LoadModel(path));

    /// <summary>Reads the file, and makes it for the image size of the settings; what was found out about a foreign one goes to <paramref name="progress"/>.</summary>
    /// <exception cref="UsageException">Other settings for foreign files where OneFractal wrote it, or a size that the architecture does not take.</exception>
    /// <exception cref="ModelException">Not a model that can be trained; the message says why.</exception>
    public static OnnxModel Load(string path, ForeignModelSettings foreign, IProgressReporter progress)
    {
        var model = TrainStepFile.LoadModel(path);
        if (!ForeignModel.IsForeign(model))
        {
            return SizeAlone(foreign, $"'{path}' says itself") is { } size ? BackboneSize.Apply(model, size) : model;
        }

        var import = ForeignModel.Import(model, foreign);
        foreach (var note in import.Notes)
        {
            progress.Message($"{Path.GetFileName(path)}: {note}");
        }

        return import.Model;
    }

    /// <summary>The image size in settings that may say nothing else, because <paramref name="subject"/>.</summary>
    /// <exception cref="UsageException">They do.</exception>
    public static int? SizeAlone(ForeignModelSettings settings, string subject)
    {
        return settings with { Size = null } == new ForeignModelSettings()
            ? settings.Size
            : throw new UsageException($"{subject} how images are fed and where the head is: leave --head-at, --mean, --std, --pixel-max and --bgr out.");
    }
}
