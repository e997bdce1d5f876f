namespace OneFractal.Training;

/// <summary>The model file that training starts from: one of ours, a train step's classifier, or any ONNX image network.</summary>
public static class StartingModel
{
    /// <summary>Whether OneFractal did not write the file, so that settings may say what it cannot.</summary>
    /// <exception cref="ModelException">Not a model.</exception>
    public static bool IsForeign(string path) => ForeignModel.IsForeign(TrainStepFile.LoadModel(path));

    /// <summary>Reads the file; what was found out about a foreign one goes to <paramref name="progress"/>.</summary>
    /// <exception cref="UsageException">Settings for foreign files where OneFractal wrote it.</exception>
    /// <exception cref="ModelException">Not a model that can be trained; the message says why.</exception>
    public static OnnxModel Load(string path, ForeignModelSettings foreign, IProgressReporter progress)
    {
        var model = TrainStepFile.LoadModel(path);
        if (!ForeignModel.IsForeign(model))
        {
            return foreign == new ForeignModelSettings()
                ? model
                : throw new UsageException($"'{path}' says itself how it is fed and where its head is: leave --head-at, --size, --mean, --std, --pixel-max and --bgr out.");
        }

        var import = ForeignModel.Import(model, foreign);
        foreach (var note in import.Notes)
        {
            progress.Message($"{Path.GetFileName(path)}: {note}");
        }

        return import.Model;
    }
}
