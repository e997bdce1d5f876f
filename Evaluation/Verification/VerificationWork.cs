namespace OneFractal.Evaluation;

/// <summary>The temporary files of a verification.</summary>
internal sealed class VerificationWork : IDisposable
{
    private int _models;

    /// <summary>The folder.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("onefractal-verify-").FullName;

    /// <summary>A job for a model that has no file: it gets one.</summary>
    public RuntimeJob Job(OnnxModel model, IReadOnlyList<IReadOnlyList<RuntimeTensor>> batches)
    {
        var file = Path.Combine(Folder, $"model-{_models++}.onnx");
        model.Save(file);
        return new RuntimeJob(model, file, batches);
    }

    /// <summary>Removes the file of a job's model.</summary>
    public static void Delete(RuntimeJob job)
    {
        File.Delete(job.File);
        File.Delete(job.File + ".data");
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A browser may still write to its folder; it is one for temporary files.
        }
    }
}
