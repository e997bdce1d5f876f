using OneFractal.Data.Synthesis;

namespace OneFractal.Training;

/// <summary>The files of a run, all in one folder: what was done, how it went, and what came out.</summary>
public sealed class RunFolder(string path)
{
    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>All settings, resolved, and the environment.</summary>
    public string RunYaml => File("run.yaml");

    /// <summary>What the classes of a pre-training are made from; draws the same images again.</summary>
    public string SyntheticSet => File(Synthesizer.SettingsFile);

    /// <summary>One row per measurement.</summary>
    public string MetricsCsv => File("metrics.csv");

    /// <summary>Loss and accuracy over the steps.</summary>
    public string CurvesPng => File("curves.png");

    /// <summary>What the test images of each class were taken for, as a picture.</summary>
    public string ConfusionPng => File("confusion.png");

    /// <summary>Precision and recall of each class on the test images.</summary>
    public string ClassesCsv => File("classes.csv");

    /// <summary>The surest mistakes on the test images, as pictures.</summary>
    public string MistakesPng => File("mistakes.png");

    /// <summary>The same mistakes with the files they were made on.</summary>
    public string MistakesCsv => File("mistakes.csv");

    /// <summary>The trained model without its head.</summary>
    public string Backbone => File("backbone.onnx");

    /// <summary>The trained model with its head.</summary>
    public string Classifier => File("classifier.onnx");

    /// <summary>The graph and initial weights that the run trains.</summary>
    public string CheckpointModel => File(System.IO.Path.Combine("checkpoint", "model.onnx"));

    /// <summary>Weights and optimizer state after the last checkpointed step.</summary>
    public string CheckpointState => File(System.IO.Path.Combine("checkpoint", "state.safetensors"));

    /// <summary>Whether a run was started here.</summary>
    public bool Exists => System.IO.File.Exists(RunYaml);

    /// <summary>The rows of <see cref="MetricsCsv"/>.</summary>
    public IReadOnlyList<MetricsRow> ReadMetrics() => MetricsFile.Read(MetricsCsv);

    /// <summary>Removes what only a run that goes on needs, several times the size of the model.</summary>
    public void DiscardCheckpoint()
    {
        var folder = System.IO.Path.GetDirectoryName(CheckpointState)!;
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Refuses a folder in which a run was already started.</summary>
    /// <exception cref="OneFractalException">There is one.</exception>
    public void RefuseToOverwrite(string verb)
    {
        if (Exists)
        {
            throw new OneFractalException(
                $"'{Path}' already holds a run: go on with it by 'onefractal {verb} --resume {Path}', or choose another folder with --output.");
        }
    }

    /// <summary>
    /// Keeps other processes from training in the folder until the result is disposed or the process ends, however it ends, and removes what a killed
    /// process had half written.
    /// </summary>
    /// <exception cref="OneFractalException">Another process trains there, or the folder cannot be written.</exception>
    internal IDisposable Claim()
    {
        var folder = System.IO.Path.GetDirectoryName(CheckpointState)!;
        FileStream claim;
        try
        {
            Directory.CreateDirectory(folder);
            claim = new FileStream(
                System.IO.Path.Combine(folder, "claim"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OneFractalException($"Cannot write to '{Path}', or another process is training there: {e.Message}", e);
        }

        AtomicFile.RemoveLeftovers(Path);
        AtomicFile.RemoveLeftovers(folder);
        return claim;
    }

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
