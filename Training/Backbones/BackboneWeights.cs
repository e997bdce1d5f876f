using System.Runtime.InteropServices;

namespace OneFractal.Training;

/// <summary>
/// The weights of a model as <c>.safetensors</c> or PyTorch's <c>.pth</c>, under the names that they have in timm: parameters, and BatchNorm's running statistics.
/// </summary>
public static class BackboneWeights
{
    private const string SafeTensors = ".safetensors";
    private const string RunningVariance = ".running_var";
    private const string BatchCount = ".num_batches_tracked";
    private const string ParallelPrefix = "module.";
    private const int Named = 3;

    private static readonly string[] PyTorch = [".pth", ".pt", ".bin"];

    /// <summary>What files of older versions keep beside weights, and no model here has as a weight: counters, and tables that follow from sizes.</summary>
    private static readonly string[] Ignored = [BatchCount, ".relative_position_index", ".attn_mask"];

    /// <summary>Whether a file's name ends as one of weights does.</summary>
    public static bool IsWeightsFile(string path)
    {
        return HasExtension(path, SafeTensors) || PyTorch.Any(extension => HasExtension(path, extension));
    }

    /// <summary>Writes the weights, whole or not at all.</summary>
    /// <exception cref="UsageException">The name does not end in .safetensors, .pth, .pt or .bin.</exception>
    /// <exception cref="ModelException">The model does not say which of its values are weights.</exception>
    /// <exception cref="OneFractalException">The file cannot be written.</exception>
    /// <returns>Number of tensors and of values written.</returns>
    public static (int Tensors, long Values) Save(OnnxModel model, string path)
    {
        return Write(ToState(model), path);
    }

    /// <summary>Writes tensors under their names, as <see cref="Save"/> does.</summary>
    /// <inheritdoc cref="Save" path="/exception" />
    /// <returns>Number of tensors and of values written.</returns>
    public static (int Tensors, long Values) Write(IReadOnlyCollection<TensorProto> tensors, string path)
    {
        RequireWeightsFile(path);
        if (HasExtension(path, SafeTensors))
        {
            SafeTensorsFile.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        }
        else
        {
            PyTorchFile.Write(path, [.. tensors]);
        }

        return (tensors.Count, tensors.Sum(t => (long)t.ElementCount()));
    }

    /// <summary>The state that PyTorch saves of the model: weights, running statistics and the number of batches that these are of.</summary>
    internal static List<TensorProto> ToState(OnnxModel model)
    {
        var tensors = new List<TensorProto>();
        foreach (var tensor in Weights(model))
        {
            tensors.Add(tensor);
            if (tensor.Name.EndsWith(RunningVariance, StringComparison.Ordinal))
            {
                // PyTorch's BatchNorm counts its batches and asks for the count when it loads; it uses it only where momentum is None.
                tensors.Add(TensorProtoExtensions.Int64(tensor.Name[..^RunningVariance.Length] + BatchCount, [], [0]));
            }
        }

        return tensors;
    }

    /// <summary>
    /// A copy of <paramref name="model"/> with the weights of a file, which need not be trusted. Every weight must be there in its shape, and nothing else, as
    /// timm's and PyTorch's strict loading has it, but a head that the model does not have is left out. Half-precision and double values become float32. The
    /// state of a training gives what it would save: the moving averages where it has some.
    /// </summary>
    /// <param name="model">A model that says which of its values are weights.</param>
    /// <param name="path">A .safetensors, .pth, .pt or .bin file.</param>
    /// <param name="keepHead">Whether the model keeps the head it has, and a head in the file, which may be of other classes, is left out.</param>
    /// <exception cref="UsageException">The name does not end in .safetensors, .pth, .pt or .bin.</exception>
    /// <exception cref="ModelException">The file is missing or damaged, or its weights are not those of the model; the message says which.</exception>
    public static OnnxModel Load(OnnxModel model, string path, bool keepHead = false)
    {
        RequireWeightsFile(path);
        var file = Read(path);
        var result = model.Clone();
        var head = model.HeadModule + ".";
        bool IsHead(string name) => name.StartsWith(head, StringComparison.Ordinal);
        var weights = Weights(result).Where(t => !keepHead || !IsHead(t.Name)).ToDictionary(t => t.Name);
        var dropHead = !weights.Keys.Any(IsHead);

        string[] missing = [.. weights.Keys.Where(name => !file.ContainsKey(name))];
        string[] unexpected = [.. file.Keys.Where(name => !weights.ContainsKey(name) && !(dropHead && IsHead(name)) && !Ignored.Any(name.EndsWith))];
        TensorProto[] reshaped = [.. weights.Values.Where(t => file.TryGetValue(t.Name, out var read) && !read.Dims.SequenceEqual(t.Dims))];
        if (missing.Length + unexpected.Length + reshaped.Length > 0)
        {
            var differences = new[]
            {
                Describe(missing, "missing"),
                Describe(unexpected, "unexpected"),
                Describe([.. reshaped.Select(t => $"{t.Name} {Shape(file[t.Name])} for {Shape(t)}")], "of another shape"),
            }.Where(d => d.Length > 0);
            throw new ModelException(
                $"The weights of '{path}' are not those of {model.Metadata?.Architecture ?? model.Source}: {string.Join("; ", differences)}.{Advice(reshaped, head)}");
        }

        foreach (var (name, weight) in weights)
        {
            weight.SetFloats(ToFloats(file[name], path));
        }

        if (result.Metadata is { } metadata)
        {
            result.Metadata = metadata with { Provenance = new Dictionary<string, string>(metadata.Provenance) { ["weights"] = Path.GetFileName(path) } };
        }

        return result;
    }

    private static string Advice(TensorProto[] reshaped, string head)
    {
        return reshaped.Any(t => t.Name.Contains("pos_embed", StringComparison.Ordinal)) ? " A position embedding belongs to one image size: use a backbone of the size that the weights were trained at."
            : reshaped.Any(t => t.Name.StartsWith(head, StringComparison.Ordinal)) ? " The head has other classes: load the weights into the backbone without its head."
            : "";
    }

    private static Dictionary<string, TensorProto> Read(string path)
    {
        var tensors = HasExtension(path, SafeTensors) ? SafeTensorsFile.Read(path).Tensors : PyTorchFile.Read(path).ToDictionary(t => t.Name);
        // DataParallel names everything below the module that it wraps.
        return tensors.Count > 0 && tensors.Keys.All(name => name.StartsWith(ParallelPrefix, StringComparison.Ordinal))
            ? tensors.ToDictionary(t => t.Key[ParallelPrefix.Length..], t => t.Value)
            : StateNames.Weights(tensors);
    }

    /// <summary>Parameters and running statistics in graph order.</summary>
    private static IEnumerable<TensorProto> Weights(OnnxModel model)
    {
        if (model.TrainableNames is not { Count: > 0 } trainable)
        {
            throw new ModelException(
                $"'{model.Source}' does not say which of its values are weights: use a backbone.onnx or classifier.onnx of a run (deployment files have their weights folded).");
        }

        var names = trainable.Concat(model.RunningStatistics).ToHashSet();
        return model.Graph.Initializer.Where(t => names.Contains(t.Name));
    }

    private static float[] ToFloats(TensorProto tensor, string path)
    {
        var bytes = tensor.ToBytes().Span;
        var values = new float[tensor.ElementCount()];
        switch (tensor.ElementType())
        {
            case DataType.Float:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
                break;
            case DataType.Double:
                Convert(MemoryMarshal.Cast<byte, double>(bytes), values, v => (float)v);
                break;
            case DataType.Float16:
                Convert(MemoryMarshal.Cast<byte, Half>(bytes), values, v => (float)v);
                break;
            case DataType.Bfloat16:
                // The upper half of a float32.
                Convert(MemoryMarshal.Cast<byte, ushort>(bytes), values, v => BitConverter.UInt32BitsToSingle((uint)v << 16));
                break;
            case var type:
                throw new ModelException($"'{path}': '{tensor.Name}' has {type} values, and weights are float16, bfloat16, float32 or float64.");
        }

        return values;
    }

    private static void Convert<T>(ReadOnlySpan<T> from, Span<float> to, Func<T, float> convert)
    {
        for (var i = 0; i < from.Length; i++)
        {
            to[i] = convert(from[i]);
        }
    }

    private static string Describe(string[] items, string what)
    {
        return items.Length == 0 ? "" : $"{items.Length} {what} ({string.Join(", ", items.Take(Named))}{(items.Length > Named ? ", ..." : "")})";
    }

    private static string Shape(TensorProto tensor) => $"[{string.Join(", ", tensor.Dims)}]";

    private static bool HasExtension(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private static void RequireWeightsFile(string path)
    {
        if (!IsWeightsFile(path))
        {
            throw new UsageException($"'{path}' is not named as weights are: use .safetensors, or .pth, .pt or .bin for PyTorch.");
        }
    }
}
