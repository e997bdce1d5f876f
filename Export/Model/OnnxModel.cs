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

    /// <summary>The domain of the ONNX operators, which may also be written as "".</summary>
    internal const string DefaultDomain = "ai.onnx";

    /// <summary>How deep messages, and graphs in graphs, may be nested.</summary>
    internal const int MaximumNesting = 100;

    /// <summary>The most bytes of a model in one message: a protobuf message cannot be larger than 2 GiB; the headroom is for what a writer nests it in.</summary>
    public const long InlineLimit = int.MaxValue - (1 << 20);

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
    public int Opset => (int)Math.Clamp(Proto.OpsetImport.FirstOrDefault(o => o.Domain is "" or DefaultDomain)?.Version ?? 0, 0, int.MaxValue);

    /// <summary>
    /// Reads and checks a model file, which need not be trusted. Data that it keeps in other files of its folder is read too, and its local functions
    /// are put in the place of their calls.
    /// </summary>
    /// <exception cref="ModelException">Not an ONNX file, damaged, structurally invalid, or with data outside its folder.</exception>
    public static OnnxModel Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException(Directory.Exists(path)
                ? $"'{path}' is a folder: name the .onnx file in it."
                : $"Model file '{path}' does not exist.");
        }

        var proto = Parse(path);
        ExternalData.Load(proto, path);
        FunctionInlining.Apply(proto, path);
        var model = new OnnxModel(proto, path);
        ModelChecker.Check(model);
        // ONNX Runtime 1.31 ends the process where the bias is left out by an empty name.
        foreach (var node in proto.Graph.WithBodies().SelectMany(g => g.Node).Where(n => n.OpType == "LayerNormalization" && n.Input is [_, _, ""]))
        {
            node.Input.RemoveAt(2);
        }

        return model;
    }

    /// <summary>The files in which a model file that can be loaded keeps its data, as paths from its folder on; none where it keeps all in itself.</summary>
    /// <exception cref="ModelException">Not an ONNX file.</exception>
    public static IReadOnlyList<string> DataFiles(string path) => ExternalData.Files(Parse(path));

    private static ModelProto Parse(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            if (file.CanSeek && file.Length > int.MaxValue)
            {
                throw new ModelException($"'{path}' has {file.Length} bytes; a model file of more than 2 GiB must keep its weights as external data.");
            }

            var input = CodedInputStream.CreateWithLimits(file, int.MaxValue, MaximumNesting);
            return ModelProto.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new ModelException($"'{path}' is not an ONNX model, or is damaged ({e.Message.Split('.')[0]}).", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"Cannot read '{path}': {e.Message}", e);
        }
    }

    /// <summary>
    /// Checks the model and writes it whole or not at all. A model of more than 2 GiB keeps its weights in <c>{name}.onnx.data</c> beside it, which is
    /// in place before the model is.
    /// </summary>
    /// <exception cref="ModelException">The graph is invalid.</exception>
    /// <exception cref="OneFractalException">The file cannot be written.</exception>
    public void Save(string path) => Save(path, InlineLimit);

    /// <summary>As <see cref="Save(string)"/>, with the weights in <c>{name}.onnx.data</c> whatever their size.</summary>
    /// <inheritdoc cref="Save(string)" path="/exception" />
    public void SaveWithExternalData(string path) => Save(path, 0);

    /// <summary>As <see cref="Save(string)"/>, with another limit in bytes above which the weights go into a file of their own.</summary>
    internal void Save(string path, long inlineLimit)
    {
        ModelChecker.Check(this);
        var split = new ExternalDataSplit(Proto, Path.GetFileName(path) + ".data");
        if (split.FitsInline(inlineLimit))
        {
            AtomicFile.Write(path, stream => Proto.WriteTo(stream));
            return;
        }

        AtomicFile.Write(path, stream =>
        {
            split.Proto.WriteTo(stream);
            // Written and renamed here, so that a model that cannot be written replaces no data.
            AtomicFile.Write(path + ".data", split.WriteData);
        });
    }

    /// <summary>Whether the model as one message is at most <paramref name="limit"/> bytes.</summary>
    public bool FitsInline(long limit = InlineLimit) => SizeInBytes <= limit;

    /// <summary>Bytes of the model as a file, or as the two files that one of more than 2 GiB is.</summary>
    public long SizeInBytes
    {
        get
        {
            var split = new ExternalDataSplit(Proto, "");
            return split.DataLength + split.Proto.CalculateSize();
        }
    }

    /// <summary>An independent copy.</summary>
    public OnnxModel Clone() => new(Proto.Clone(), Source);

    /// <summary>A copy in which these initializers have their type and shape but no values, which whoever holds them elsewhere puts in again.</summary>
    public OnnxModel WithoutValues(IReadOnlySet<string> names)
    {
        var result = Clone();
        foreach (var tensor in result.Graph.Initializer.Where(t => names.Contains(t.Name)))
        {
            tensor.ClearValues();
        }

        return result;
    }

    /// <summary>SHA-256 of the serialized model (above 2 GiB, of the message without its weights, and the weights), lower-case hexadecimal.</summary>
    public string Fingerprint() => Fingerprint(InlineLimit);

    /// <summary>As <see cref="Fingerprint()"/>, with another limit in bytes.</summary>
    internal string Fingerprint(long inlineLimit)
    {
        var split = new ExternalDataSplit(Proto, "");
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        {
            if (split.FitsInline(inlineLimit))
            {
                Proto.WriteTo(stream);
            }
            else
            {
                split.Proto.WriteTo(stream);
                split.WriteData(stream);
            }
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }

    /// <summary>The initializer of that name, or null.</summary>
    public TensorProto? FindInitializer(string name) => Graph.Initializer.FirstOrDefault(t => t.Name == name);
}
