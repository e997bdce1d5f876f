using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>Trains a graph on TorchSharp: torch's operators and autograd.</summary>
public sealed class TorchSharpBackend : ITrainingBackend
{
    private readonly OnnxModel _model;
    private readonly GraphModule _module;
    private readonly FlatAdamW _optimizer;
    private readonly Device _device;
    private readonly long[] _inputShape;
    private readonly int _classes;

    /// <summary>Prepares <paramref name="model"/>, which ends in logits [batch, classes], for training by <paramref name="recipe"/>.</summary>
    /// <exception cref="OneFractalException">The device is not there, or the graph cannot run on TorchSharp.</exception>
    public TorchSharpBackend(OnnxModel model, TrainingRecipe recipe, ComputeDevice device)
    {
        _model = model;
        _device = TorchDevices.Resolve(device);
        _inputShape = [-1, .. InputShape(model)];
        _classes = (int)(TensorInfo.From(model.Graph.Output[0])?.Shape?[^1].Value
            ?? throw new TrainingException($"'{model.Source}': the number of classes of its output is not known."));
        _module = new GraphModule(StochasticDepth.Insert(model, recipe.DropPath), _device);
        _optimizer = new FlatAdamW(_module, recipe);
    }

    /// <inheritdoc />
    public string Name => "torchsharp";

    /// <inheritdoc />
    public string Device => _device.ToString();

    /// <inheritdoc />
    public StepResult TrainStep(ReadOnlySpan<float> pixels, ReadOnlySpan<float> targets, StepSettings settings)
    {
        _module.train();
        manual_seed((long)(settings.Seed >> 1));
        using var images = Upload(pixels, _inputShape);
        using var wanted = Upload(targets, [-1, _classes]);
        using var logits = _module.call(images);
        using var logProbabilities = logits.log_softmax(-1);
        using var products = logProbabilities * wanted;
        using var total = products.sum();
        using var loss = total * (-1.0 / wanted.shape[0]);
        loss.backward();
        using var predicted = logits.argmax(-1);
        using var expected = wanted.argmax(-1);
        using var equal = predicted.eq(expected);
        using var correct = equal.sum();
        var value = loss.item<float>();
        // A step with a broken loss would spread it to every weight: the loop stops instead.
        var norm = float.IsFinite(value) ? _optimizer.Step(settings) : double.NaN;
        return new StepResult(value, norm, (int)correct.item<long>());
    }

    /// <inheritdoc />
    public void Evaluate(ReadOnlySpan<float> pixels, Span<float> logits)
    {
        _module.eval();
        using var noGradient = no_grad();
        using var images = Upload(pixels, _inputShape);
        using var result = _module.call(images);
        using var host = result.cpu();
        using var contiguous = host.contiguous();
        MemoryMarshal.Cast<byte, float>(contiguous.bytes).CopyTo(logits);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, TensorProto> SaveState()
    {
        var state = new Dictionary<string, TensorProto>();
        foreach (var (name, slice) in StateVectors())
        {
            using var tensor = slice;
            state[name] = TensorConversion.ToProto(name, tensor);
        }

        return state;
    }

    /// <inheritdoc />
    public void RestoreState(IReadOnlyDictionary<string, TensorProto> state)
    {
        using var noGradient = no_grad();
        foreach (var (name, slice) in StateVectors())
        {
            using var tensor = slice;
            if (!state.TryGetValue(name, out var saved) || !saved.Dims.SequenceEqual(tensor.shape))
            {
                throw new TrainingException($"The checkpoint is of another model: '{name}' of shape [{string.Join(", ", tensor.shape)}] is not in it.");
            }

            using var loaded = TensorConversion.ToTorch(saved);
            tensor.copy_(loaded);
        }
    }

    /// <inheritdoc />
    public OnnxModel Export() => _module.WithWeights(_model);

    /// <inheritdoc />
    public void Dispose()
    {
        _optimizer.Dispose();
        _module.Dispose();
    }

    private static long[] InputShape(OnnxModel model)
    {
        return model.Metadata is { Preprocessing: var p }
            ? [p.Channels, p.Height, p.Width]
            : throw new TrainingException($"'{model.Source}' does not say the size of its input images.");
    }

    private Tensor Upload(ReadOnlySpan<float> values, long[] shape)
    {
        using var noGradient = no_grad();
        var rows = values.Length / shape.Skip(1).Aggregate(1L, (p, d) => p * d);
        var host = empty([rows, .. shape[1..]], dtype: ScalarType.Float32);
        values.CopyTo(MemoryMarshal.Cast<byte, float>(host.bytes));
        if (_device.type == DeviceType.CPU)
        {
            return host;
        }

        using (host)
        {
            return host.to(_device);
        }
    }

    /// <summary>Every parameter and moment as a view that the caller disposes.</summary>
    private IEnumerable<(string Name, Tensor Slice)> StateVectors()
    {
        long offset = 0;
        foreach (var (name, parameter) in _module.OrderedParameters)
        {
            Tensor Slice(Tensor flat)
            {
                using var part = flat.narrow(0, offset, parameter.numel());
                return part.view(parameter.shape);
            }

            yield return (name, Slice(_module.FlatParameters));
            yield return (StateNames.FirstMoment(name), Slice(_optimizer.FirstMoment));
            yield return (StateNames.SecondMoment(name), Slice(_optimizer.SecondMoment));
            offset += parameter.numel();
        }
    }
}
