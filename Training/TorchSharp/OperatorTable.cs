using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>The operators that TorchSharp executes: a table <c>operator, first opset → torch functions</c>.</summary>
internal static partial class OperatorTable
{
    private static readonly Dictionary<string, OperatorVersion[]> Versions =
        new[]
            {
                Arithmetic(), Activations(), Logic(), Reductions(), Products(), Convolutions(), Pooling(), Normalization(), Layout(), Indexing(), Resizing(),
                Constants(), Attention(), Quantization(), Losses(),
            }
            .SelectMany(family => family)
            .GroupBy(v => v.OpType)
            .ToDictionary(g => g.Key, g => g.OrderByDescending(v => v.Since).ToArray());

    /// <summary>Operators whose results are integers or truth values, or step functions, so that a gradient does not exist or is zero.</summary>
    private static readonly HashSet<string> Steps =
    [
        "And", "ArgMax", "ArgMin", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Ceil", "Constant", "ConstantOfShape", "ConvInteger",
        "DynamicQuantizeLinear", "Equal", "EyeLike", "Floor", "Greater", "GreaterOrEqual", "Hardmax", "IsInf", "IsNaN", "Less", "LessOrEqual", "MatMulInteger",
        "NonZero", "Not", "Or", "QLinearConv", "QLinearMatMul", "QuantizeLinear", "Range", "Round", "Shape", "Sign", "Size", "Unique", "Xor",
    ];

    /// <summary>All implementations, by operator name, newest first.</summary>
    public static IReadOnlyDictionary<string, OperatorVersion[]> All => Versions;

    /// <summary>Whether autograd differentiates the operator.</summary>
    public static bool IsDifferentiable(string opType) => Versions.ContainsKey(opType) && !Steps.Contains(opType);

    /// <summary>The newest implementation that is not above the opset, or null.</summary>
    public static OperatorVersion? Find(NodeProto node, int opset)
    {
        return node.IsStandard() && Versions.TryGetValue(node.OpType, out var versions)
            ? versions.FirstOrDefault(v => v.Since <= opset && opset <= v.Until)
            : null;
    }

    /// <summary>Fails with one line that names every operator of the graph that is not supported, before anything is compiled.</summary>
    /// <exception cref="ModelException">Operators that are not supported, or inputs that are not tensors.</exception>
    public static void RequireSupported(OnnxModel model)
    {
        if (model.Graph.Input.FirstOrDefault(i => i.Type is { TensorType: null }) is { } input)
        {
            throw new ModelException($"'{model.Source}': input '{input.Name}' is not a tensor, which is not supported.");
        }

        if (Unsupported(model) is { Length: > 0 } missing)
        {
            throw new ModelException($"'{model.Source}': not supported at opset {model.Opset}: {string.Join(", ", missing)}.");
        }
    }

    /// <summary>The operators of the graph that are not supported, each with the first node that needs it.</summary>
    public static string[] Unsupported(OnnxModel model)
    {
        var missing = model.Graph.Node.Where(n => Find(n, model.Opset) is null).GroupBy(n => $"{(n.Domain.Length > 0 ? n.Domain + "." : "")}{n.OpType}");
        return [.. missing.Select(g => $"{g.Key} ('{(g.First().Name.Length > 0 ? g.First().Name : g.First().Output.FirstOrDefault())}'"
            + $"{(g.Count() > 1 ? $" and {g.Count() - 1} more" : "")})")];
    }

    /// <summary>What runs a node.</summary>
    /// <exception cref="ModelException">The operator, its version, an attribute or an element type is not supported.</exception>
    public static Kernel Compile(NodeContext context)
    {
        var version = Find(context.Node, context.Opset) ?? throw context.Error("this operator is not supported");
        context.RequireTypes();
        var kernel = version.Compile(context);
        context.RequireKnownAttributes();
        var onHost = context.HostInputs.ToHashSet();
        return (inputs, mode) => mode.Device.type == TorchSharp.DeviceType.CPU ? kernel(inputs, mode) : RunOnOneDevice(kernel, inputs, mode, onHost);
    }

    /// <summary>Moves what lies on the host to the device where it meets tensors of the device; what the kernel reads as numbers stays.</summary>
    private static Tensor[] RunOnOneDevice(Kernel kernel, Tensor?[] inputs, ExecutionMode mode, HashSet<int> onHost)
    {
        bool IsHost(int i) => inputs[i]!.device_type == TorchSharp.DeviceType.CPU;
        int[] computed = [.. Enumerable.Range(0, inputs.Length).Where(i => inputs[i] is not null && !onHost.Contains(i))];
        if (computed.All(IsHost) || !computed.Any(IsHost))
        {
            return kernel(inputs, mode);
        }

        using var scope = NewDisposeScope();
        var moved = inputs.ToArray();
        foreach (var i in computed.Where(IsHost))
        {
            moved[i] = inputs[i]!.to(mode.Device);
        }

        return Keep(kernel(moved, mode));
    }

    /// <summary>A kernel of many steps: what it makes on the way is disposed when it ends.</summary>
    private static Kernel Scoped(Kernel kernel)
    {
        return (inputs, mode) =>
        {
            using var scope = NewDisposeScope();
            return Keep(kernel(inputs, mode));
        };
    }

    private static Tensor[] Keep(Tensor[] results)
    {
        foreach (var result in results)
        {
            result.MoveToOuterDisposeScope();
        }

        return results;
    }

    /// <summary>The input of that index, or null where it is left out.</summary>
    private static Tensor? Optional(Tensor?[] inputs, int index) => index < inputs.Length ? inputs[index] : null;

    /// <summary>An axis in [0, rank), from one that may count from the end.</summary>
    private static int Positive(long axis, long rank) => (int)(axis < 0 ? axis + rank : axis);

    /// <summary>A scalar's value, which waits for the device.</summary>
    private static double Number(Tensor scalar)
    {
        using var wide = scalar.to(ScalarType.Float64);
        return wide.item<double>();
    }

    private static long Product(IEnumerable<long> dims) => dims.Aggregate(1L, (p, d) => p * d);

    private static OperatorVersion Unary(string opType, int since, Func<Tensor, Tensor> function)
    {
        return new OperatorVersion(opType, since, _ => (inputs, _) => [function(inputs[0]!)]);
    }

    private static OperatorVersion Binary(string opType, int since, Func<Tensor, Tensor, Tensor> function)
    {
        return new OperatorVersion(opType, since, _ => (inputs, _) => [function(inputs[0]!, inputs[1]!)]);
    }
}
