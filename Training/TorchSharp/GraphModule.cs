using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace OneFractal.Training;

/// <summary>
/// An ONNX graph as a trainable TorchSharp module. Its parameters are the graph's trainable initializers under their own names; <c>train()</c> and
/// <c>eval()</c> switch Dropout and BatchNormalization; <see cref="ToOnnx"/> is the same graph with the weights of now.
/// </summary>
public sealed class GraphModule : nn.Module<Tensor, Tensor>
{
    private readonly OnnxModel _model;
    private readonly ExecutionPlan _plan;
    private readonly Dictionary<string, Tensor> _constants = [];
    private readonly List<(string Name, Parameter Parameter)> _ordered = [];
    private readonly Device _device;

    /// <summary>Compiles the graph and copies its weights to <paramref name="device"/>.</summary>
    /// <exception cref="ModelException">An operator that is not supported, or a model that does not say what trains.</exception>
    public GraphModule(OnnxModel model, Device? device = null)
        : base(model.Graph.Name)
    {
        _model = model;
        _device = device ?? CPU;
        _plan = ExecutionPlan.Compile(model);
        var trainable = (model.TrainableNames ?? []).ToHashSet();
        var size = model.Graph.Initializer.Where(t => trainable.Contains(t.Name)).Sum(t => (long)t.ElementCount());
        using var noGradient = no_grad();
        FlatParameters = empty(size, dtype: ScalarType.Float32, device: _device);
        FlatGradients = zeros(size, dtype: ScalarType.Float32, device: _device);
        long offset = 0;
        foreach (var initializer in model.Graph.Initializer)
        {
            using var loaded = TensorConversion.ToTorch(initializer);
            if (trainable.Contains(initializer.Name))
            {
                AddParameter(initializer.Name, loaded, offset);
                offset += initializer.ElementCount();
            }
            else
            {
                // Integers are shapes and axes, which the host reads.
                _constants[initializer.Name] = loaded.to(loaded.is_floating_point() ? _device : CPU, copy: true);
            }
        }
    }

    /// <summary>
    /// All parameters in one vector, in the order of the graph's initializers: every parameter is a view of it, so that an optimizer step,
    /// a norm or a copy is one operation instead of one per layer.
    /// </summary>
    internal Tensor FlatParameters { get; }

    /// <summary>All gradients in one vector, in the same order; <c>backward()</c> adds to it.</summary>
    internal Tensor FlatGradients { get; }

    /// <summary>The parameters in the order of the graph's initializers.</summary>
    internal IReadOnlyList<(string Name, Parameter Parameter)> OrderedParameters => _ordered;

    /// <summary>Runs a graph with one input; returns its first output.</summary>
    public override Tensor forward(Tensor input) => Run(input)[0];

    /// <summary>Runs the graph on inputs in the graph's order and returns all outputs, which the caller disposes.</summary>
    public Tensor[] Run(params IReadOnlyList<Tensor> inputs)
    {
        if (inputs.Count != _plan.InputNames.Count)
        {
            throw new ModelException($"'{_model.Source}' takes {_plan.InputNames.Count} inputs ({string.Join(", ", _plan.InputNames)}), not {inputs.Count}.");
        }

        return _plan.Run(inputs, _constants, new ExecutionMode(training, _device));
    }

    /// <summary>A copy of the graph with the parameters of now.</summary>
    public OnnxModel ToOnnx() => WithWeights(_model);

    /// <summary>A copy of <paramref name="model"/>, which has initializers of the same names and shapes, with the parameters of now.</summary>
    internal OnnxModel WithWeights(OnnxModel model)
    {
        var result = model.Clone();
        var initializers = result.Graph.Initializer.ToDictionary(t => t.Name);
        foreach (var (name, parameter) in _ordered)
        {
            initializers[name].SetFloats(TensorConversion.ToProto(name, parameter).ToFloats());
        }

        return result;
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var constant in _constants.Values)
            {
                constant.Dispose();
            }

            FlatParameters.Dispose();
            FlatGradients.Dispose();
        }

        base.Dispose(disposing);
    }

    private void AddParameter(string name, Tensor loaded, long offset)
    {
        if (loaded.dtype != ScalarType.Float32)
        {
            throw new ModelException($"'{_model.Source}': '{name}' is {loaded.dtype}; only float32 parameters train.");
        }

        var view = FlatParameters.narrow(0, offset, loaded.numel()).view(loaded.shape);
        view.copy_(loaded);
        var parameter = new Parameter(view, requires_grad: true);
        using (var gradient = FlatGradients.narrow(0, offset, loaded.numel()).view(loaded.shape))
        {
            parameter.grad = gradient;
        }

        register_parameter(name, parameter);
        _ordered.Add((name, parameter));
        _constants[name] = parameter;
    }
}
