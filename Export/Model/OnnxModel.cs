using System.Security.Cryptography;
using Google.Protobuf;

namespace OneFractal.Export;

/// <summary>
/// An ONNX model: the protobuf message and what OneFractal keeps in its <c>metadata_props</c>. The graph is the model: what is trained,
/// saved and shipped is this one object.
/// </summary>
public sealed partial class OnnxModel
{
    /// <summary>The operator set that OneFractal writes (the first with LayerNormalization).</summary>
    public const int WrittenOpset = 17;

    /// <summary>The IR version that OneFractal writes.</summary>
    public const int WrittenIrVersion = 8;

    /// <summary>The oldest and newest operator set that is read.</summary>
    public const int OldestOpset = 7, NewestOpset = 26;

    private const int MaximumNesting = 100;

    /// <summary>Wraps a message; <paramref name="source"/> is what errors call the model.</summary>
    public OnnxModel(ModelProto proto, string source = "model")
    {
        Proto = proto;
        Source = source;
    }

    /// <summary>The message. Changing it changes the model.</summary>
    public ModelProto Proto { get; }

    /// <summary>The main graph.</summary>
    public GraphProto Graph => Proto.Graph;

    /// <summary>The file the model came from, or a name for errors.</summary>
    public string Source { get; }

    /// <summary>Version of the default operator set.</summary>
    public int Opset => (int)(Proto.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version ?? 0);

    /// <summary>Reads and checks a model file.</summary>
    /// <exception cref="ModelException">Not an ONNX file, damaged, or structurally invalid.</exception>
    public static OnnxModel Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException(Directory.Exists(path)
                ? $"'{path}' is a folder: name the .onnx file in it."
                : $"Model file '{path}' does not exist.");
        }

        ModelProto proto;
        try
        {
            using var file = File.OpenRead(path);
            var input = CodedInputStream.CreateWithLimits(file, int.MaxValue, MaximumNesting);
            proto = ModelProto.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new ModelException($"'{path}' is not an ONNX model, or is damaged ({e.Message.Split('.')[0]}).", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"Cannot read '{path}': {e.Message}", e);
        }

        var model = new OnnxModel(proto, path);
        ModelChecker.Check(model);
        return model;
    }

    /// <summary>Checks the model and writes it whole or not at all.</summary>
    /// <exception cref="ModelException">The graph is invalid.</exception>
    /// <exception cref="OneFractalException">The file cannot be written.</exception>
    public void Save(string path)
    {
        ModelChecker.Check(this);
        AtomicFile.Write(path, stream => Proto.WriteTo(stream));
    }

    /// <summary>An independent copy.</summary>
    public OnnxModel Clone() => new(Proto.Clone(), Source);

    /// <summary>SHA-256 of the serialized model, lower-case hexadecimal.</summary>
    public string Fingerprint() => Convert.ToHexStringLower(SHA256.HashData(Proto.ToByteArray()));

    /// <summary>The initializer of that name, or null.</summary>
    public TensorProto? FindInitializer(string name) => Graph.Initializer.FirstOrDefault(t => t.Name == name);
}
