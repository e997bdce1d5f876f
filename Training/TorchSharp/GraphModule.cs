using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace OneFractal.Training;

/// <summary>
/// An ONNX graph as a trainable TorchSharp module. Its parameters are the graph's trainable initializers and its buffers the running statistics of
/// BatchNormalization, under their own names; <c>train()</c> and <c>eval()</c> switch Dropout and BatchNormalization; <see cref="ToOnnx"/> is the
/// same graph with the weights of now.
/// </summary>
public sealed class GraphModule : nn.Module<Tensor, Tensor>
{
    private readonly OnnxModel _model;
    private readonly ExecutionPlan _plan;
    private readonly Dictionary<string, Tensor> _values = [];
    private readonly List<Parameter> _ordered = [];
    private readonly List<Tensor> _constants = [];
    private readonly Device _device;

    /// <summary>Compiles the graph and copies its weights to <paramref name="device"/>.</summary>
    /// <param name="model">The graph; it is not changed.</param>
    /// <param name="device">Where it computes; null for the CPU.</param>
    /// <param name="precision">What it computes with.</param>
    /// <exception cref="ModelException">An operator that is not supported, or a parameter that cannot train.</exception>
    public GraphModule(OnnxModel model, Device? device = null, Precision precision = Precision.Float32)
        : base(model.Graph.Name)
    {
        _device = device ?? CPU;
        _plan = ExecutionPlan.Compile(model, precision);
        var trainable = (model.TrainableNames ?? []).ToHashSet();
        var statistics = model.RunningStatistics.ToHashSet();
        foreach (var initializer in model.Graph.Initializer.Where(t => trainable.Contains(t.Name)))
        {
            RequireTrainable(model, initializer, statistics);
        }

        bool IsBuffer(TensorProto t) => statistics.Contains(t.Name) && t.ElementType() == DataType.Float;
        using var noGradient = no_grad();
        // What decays first: an optimizer then has few runs of parameters that it treats alike.
        Parameters = Allocate(model.Graph.Initializer.Where(t => trainable.Contains(t.Name)).OrderByDescending(t => WeightDecay.Applies(t.Name, t.Dims.Count)));
        Buffers = Allocate(model.Graph.Initializer.Where(IsBuffer));
        foreach (var (name, view) in Parameters.Entries)
        {
            // A Parameter takes over the handle it is given.
            var parameter = new Parameter(view.alias(), requires_grad: true);
            register_parameter(name, parameter);
            _ordered.Add(parameter);
            _values[name] = parameter;
        }

        foreach (var (name, view) in Buffers.Entries)
        {
            register_buffer(name, view);
            _values[name] = view;
        }

        // The weights are torch's now: the file's copy of them need not stay in memory.
        _model = model.WithoutValues(_values.Keys.ToHashSet());
        foreach (var initializer in model.Graph.Initializer)
        {
            using var loaded = TensorConversion.ToTorch(initializer);
            if (_values.TryGetValue(initializer.Name, out var view))
            {
                view.copy_(loaded);
            }
            else
            {
                // Integers are shapes and axes, which the host reads.
                var constant = loaded.to(loaded.is_floating_point() ? _device : CPU, copy: true);
                _constants.Add(constant);
                _values[initializer.Name] = constant;
            }
        }
    }

    /// <summary>The parameters' values: first those to which weight decay applies, each part in the order of the graph's initializers.</summary>
    internal FlatState Parameters { get; }

    /// <summary>The parameters, in the order of <see cref="Parameters"/>.</summary>
    internal IReadOnlyList<Parameter> OrderedParameters => _ordered;

    /// <summary>Running means and variances, in the order of the graph's initializers.</summary>
    internal FlatState Buffers { get; }

    /// <summary>Runs a graph with one input; returns its first output.</summary>
    public override Tensor forward(Tensor input) => Run(input)[0];

    /// <summary>Runs the graph on inputs in the graph's order and returns all outputs, which the caller disposes.</summary>
    public Tensor[] Run(params IReadOnlyList<Tensor> inputs) => Run(inputs, _values);

    /// <summary>Runs the graph with other values in the place of parameters and buffers.</summary>
    internal Tensor[] RunWith(FlatState parameters, FlatState buffers, params IReadOnlyList<Tensor> inputs)
    {
        var values = new Dictionary<string, Tensor>(_values);
        foreach (var (name, view) in parameters.Entries.Concat(buffers.Entries))
        {
            values[name] = view;
        }

        return Run(inputs, values);
    }

    /// <summary>A copy of the graph with the parameters and buffers of now.</summary>
    public OnnxModel ToOnnx() => WithWeights(_model, Parameters, Buffers);

    /// <summary>A copy of <paramref name="model"/>, which has initializers of the same names and shapes, with these weights.</summary>
    internal static OnnxModel WithWeights(OnnxModel model, FlatState parameters, FlatState buffers)
    {
        var result = model.Clone();
        var initializers = result.Graph.Initializer.ToDictionary(t => t.Name);
        foreach (var (name, view) in parameters.Entries.Concat(buffers.Entries))
        {
            initializers[name].SetFloats(TensorConversion.ToProto(name, view).ToFloats());
        }

        return result;
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var constant in _constants)
            {
                constant.Dispose();
            }

            Parameters.Dispose();
            Buffers.Dispose();
        }

        base.Dispose(disposing);
    }

    private Tensor[] Run(IReadOnlyList<Tensor> inputs, Dictionary<string, Tensor> values)
    {
        if (inputs.Count != _plan.InputNames.Count)
        {
            throw new ModelException($"'{_model.Source}' takes {_plan.InputNames.Count} inputs ({string.Join(", ", _plan.InputNames)}), not {inputs.Count}.");
        }

        return _plan.Run(inputs, values, new ExecutionMode(training, _device));
    }

    private FlatState Allocate(IEnumerable<TensorProto> initializers)
    {
        return FlatState.Zeros(initializers.Select(t => (t.Name, (long[])[.. t.Dims])), _device);
    }

    private static void RequireTrainable(OnnxModel model, TensorProto initializer, HashSet<string> statistics)
    {
        if (initializer.ElementType() != DataType.Float)
        {
            throw new ModelException($"'{model.Source}': '{initializer.Name}' is {initializer.ElementType()}; only float32 parameters train.");
        }

        if (statistics.Contains(initializer.Name))
        {
            throw new ModelException($"'{model.Source}': '{initializer.Name}' is a running statistic of BatchNormalization, which cannot train.");
        }
    }
}
