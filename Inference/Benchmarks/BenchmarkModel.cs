using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace OneFractal.Inference;

/// <summary>A model to measure: a file, or one in memory.</summary>
public sealed class BenchmarkModel
{
    private readonly Func<SessionSettings, ModelRunner> _load;
    private readonly Func<SessionOptions, InferenceSession> _open;

    private BenchmarkModel(string name, long bytes, Func<SessionSettings, ModelRunner> load, Func<SessionOptions, InferenceSession> open)
    {
        (Name, Bytes, _load, _open) = (name, bytes, load, open);
    }

    /// <summary>What tables call it.</summary>
    public string Name { get; }

    /// <summary>Size of the file, without external data.</summary>
    public long Bytes { get; }

    /// <summary>A model file.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public static BenchmarkModel FromFile(string path, string? name = null)
    {
        return File.Exists(path)
            ? new BenchmarkModel(name ?? path, new FileInfo(path).Length, settings => ModelRunner.Load(path, settings), options => new InferenceSession(path, options))
            : throw new ModelException($"Model file '{path}' does not exist.");
    }

    /// <summary>A model in memory.</summary>
    public static BenchmarkModel FromModel(OnnxModel model, string name)
    {
        var bytes = model.Proto.ToByteArray();
        return new BenchmarkModel(name, bytes.Length, settings => ModelRunner.Create(model, settings), options => new InferenceSession(bytes, options));
    }

    /// <summary>Opens it as a classifier, to test it.</summary>
    /// <inheritdoc cref="Classifier.Load" path="/exception" />
    public Classifier LoadClassifier(SessionSettings settings) => Classifier.Open(Load(settings));

    /// <summary>Opens it for ordinary use.</summary>
    internal ModelRunner Load(SessionSettings settings) => _load(settings);

    /// <summary>Opens the bare session, and nothing else.</summary>
    internal (InferenceSession Session, ComputeDevice Device) Open(SessionSettings settings) => SessionFactory.Create(Name, settings, _open);
}
