using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>Trains a graph on TorchSharp: torch's operators and autograd.</summary>
public sealed class TorchSharpBackend : ITrainingBackend
{
    private readonly OnnxModel _model;
    private readonly TrainingRecipe _recipe;
    private readonly GraphModule _module;
    private readonly FlatOptimizer _optimizer;
    private readonly WeightAverage? _average;
    private readonly Device _device;
    private readonly long[] _inputShape;
    private readonly int _classes;

    /// <summary>Prepares <paramref name="model"/>, which ends in logits [batch, classes], for training by <paramref name="recipe"/>.</summary>
    /// <exception cref="OneFractalException">The device is not there, or the graph cannot run on TorchSharp.</exception>
    public TorchSharpBackend(OnnxModel model, TrainingRecipe recipe, ComputeDevice device)
    {
        _recipe = recipe;
        _device = TorchDevices.Resolve(device);
        _inputShape = [-1, .. InputShape(model)];
        _classes = (int)(TensorInfo.From(model.Graph.Output[0])?.Shape?[^1].Value
            ?? throw new TrainingException($"'{model.Source}': the number of classes of its output is not known."));
        _module = new GraphModule(StochasticDepth.Insert(model, recipe.DropPath), _device, recipe.Precision);
        _model = model.WithoutValues(_module.Parameters.Entries.Concat(_module.Buffers.Entries).Select(e => e.Name).ToHashSet());
        _optimizer = FlatOptimizer.Create(_module, recipe, LayerDecay.Scales(model, recipe.LayerDecay));
        _average = recipe.EmaDecay > 0 ? new WeightAverage(_module, recipe.EmaDecay) : null;
    }

    /// <inheritdoc />
    public string Name => BackendKind.TorchSharp.OptionValue();

    /// <inheritdoc />
    public string Device => _device.ToString();

    /// <inheritdoc />
    public StepResult TrainStep(ReadOnlySpan<float> pixels, ReadOnlySpan<float> targets, StepSettings settings)
    {
        _module.train();
        manual_seed((long)(settings.Seed >> 1));
        var rows = targets.Length / _classes;
        var pixelsPerRow = pixels.Length / rows;
        var part = (rows + _recipe.Accumulation - 1) / _recipe.Accumulation;
        double loss = 0;
        var correct = 0;
        for (var first = 0; first < rows && double.IsFinite(loss); first += part)
        {
            var count = Math.Min(part, rows - first);
            var (partLoss, partCorrect) = AddGradients(
                pixels.Slice(first * pixelsPerRow, count * pixelsPerRow), targets.Slice(first * _classes, count * _classes), rows);
            loss += partLoss;
            correct += partCorrect;
        }

        // A step with a broken loss would spread it to every weight: the loop stops instead.
        var norm = double.IsFinite(loss) ? _optimizer.Step(settings) : double.NaN;
        _average?.Update(_module, settings.Step);
        return new StepResult(loss, norm, correct);
    }

    /// <inheritdoc />
    public void Evaluate(ReadOnlySpan<float> pixels, Span<float> logits)
    {
        _module.eval();
        using var noGradient = no_grad();
        using var images = Upload(pixels, _inputShape);
        using var result = _average is null ? _module.call(images) : _module.RunWith(_average.Parameters, _average.Buffers, images)[0];
        using var wide = result.to(ScalarType.Float32);
        using var host = wide.cpu();
        using var contiguous = host.contiguous();
        MemoryMarshal.Cast<byte, float>(contiguous.bytes).CopyTo(logits);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, TensorProto> SaveState()
    {
        return StateTensors().ToDictionary(s => s.Name, s => TensorConversion.ToProto(s.Name, s.View));
    }

    /// <inheritdoc />
    public void RestoreState(IReadOnlyDictionary<string, TensorProto> state)
    {
        using var noGradient = no_grad();
        foreach (var (name, view) in StateTensors())
        {
            if (!state.TryGetValue(name, out var saved) || !saved.Dims.SequenceEqual(view.shape))
            {
                throw StateNames.Missing(name, view.shape);
            }

            using var loaded = TensorConversion.ToTorch(saved);
            view.copy_(loaded);
        }
    }

    /// <inheritdoc />
    public OnnxModel Export()
    {
        return _average is null
            ? GraphModule.WithWeights(_model, _module.Parameters, _module.Buffers)
            : GraphModule.WithWeights(_model, _average.Parameters, _average.Buffers);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _average?.Dispose();
        _optimizer.Dispose();
        _module.Dispose();
    }

    /// <summary>Adds the gradients of some of a step's rows. Returns their share of the mean loss, and how many are right.</summary>
    private (double Loss, int Correct) AddGradients(ReadOnlySpan<float> pixels, ReadOnlySpan<float> targets, int rows)
    {
        using var images = Upload(pixels, _inputShape);
        using var wanted = Upload(targets, [-1, _classes]);
        using var output = _module.call(images);
        using var logits = output.to(ScalarType.Float32);
        using var logProbabilities = logits.log_softmax(-1);
        using var products = logProbabilities * wanted;
        using var total = products.sum();
        using var loss = total * (-1.0 / rows);
        loss.backward();
        using var predicted = logits.argmax(-1);
        using var expected = wanted.argmax(-1);
        using var equal = predicted.eq(expected);
        using var correct = equal.sum();
        return (loss.item<float>(), (int)correct.item<long>());
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

    /// <summary>Everything that a checkpoint keeps, as views of the state itself.</summary>
    private IEnumerable<(string Name, Tensor View)> StateTensors()
    {
        return _module.Parameters.Entries
            .Concat(_module.Buffers.Entries)
            .Concat(_optimizer.State.SelectMany(s => s.State.Entries.Select(e => (s.NameOf(e.Name), e.View))))
            .Concat(_average is null ? [] : _average.Parameters.Entries.Concat(_average.Buffers.Entries).Select(e => (StateNames.Average(e.Name), e.View)));
    }
}
