using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Arithmetic() =>
    [
        Binary("Add", 7, (a, b) => a + b),
        Binary("Sub", 7, (a, b) => a - b),
        Binary("Mul", 7, (a, b) => a * b),
        Binary("Div", 7, Divide),
        new("Pow", 7, CompilePow),
        new("Mod", 10, CompileMod),
        Variadic("Sum", 6, (a, b) => a + b),
        Variadic("Max", 6, (a, b) => a.maximum(b)),
        Variadic("Min", 6, (a, b) => a.minimum(b)),
        new("Mean", 6, c =>
        {
            var count = c.Node.Input.Count;
            return (inputs, _) =>
            {
                using var sum = Fold(inputs, (a, b) => a + b);
                return [sum / count];
            };
        }),
        Unary("Abs", 6, x => x.abs()),
        Unary("Neg", 6, x => x.neg()),
        Unary("Sign", 9, x => x.sign()),
        Unary("Reciprocal", 6, x => x.reciprocal()),
        Unary("Floor", 6, x => x.floor()),
        Unary("Ceil", 6, x => x.ceil()),
        Unary("Round", 11, x => x.round()),
        Unary("Sqrt", 6, x => x.sqrt()),
        Unary("Exp", 6, x => x.exp()),
        Unary("Log", 6, x => x.log()),
        Unary("Erf", 9, x => x.erf()),
        Unary("Sin", 7, x => x.sin()),
        Unary("Cos", 7, x => x.cos()),
        Unary("Tan", 7, x => x.tan()),
        Unary("Asin", 7, x => x.asin()),
        Unary("Acos", 7, x => x.acos()),
        Unary("Atan", 7, x => x.atan()),
        Unary("Sinh", 9, x => x.sinh()),
        Unary("Cosh", 9, x => x.cosh()),
        Unary("Asinh", 9, x => x.asinh()),
        Unary("Acosh", 9, x => x.acosh()),
        Unary("Atanh", 9, x => x.atanh()),
        // Up to opset 10 the limits are attributes.
        new("Clip", 6, c => CompileClip(c.FloatOrNull("min"), c.FloatOrNull("max"))),
        new("Clip", 11, c =>
        {
            var (low, high) = (c.Scalar(1), c.Scalar(2));
            var constant = (low is not null || c.Node.InputOrNull(1) is null) && (high is not null || c.Node.InputOrNull(2) is null);
            return constant ? CompileClip(low, high) : (inputs, _) => [inputs[0]!.clamp(Optional(inputs, 1), Optional(inputs, 2))];
        }),
        new("CumSum", 11, c => CompileCumulative(c, 0, (x, axis) => x.cumsum(axis, x.dtype))),
        new("CumProd", 26, c => CompileCumulative(c, 1, (x, axis) => x.cumprod(axis, x.dtype))),
        Unary("IsNaN", 9, x => x.isnan()),
        new("IsInf", 10, c => (c.Flag("detect_negative", true), c.Flag("detect_positive", true)) switch
        {
            (true, true) => (inputs, _) => [inputs[0]!.isinf()],
            (true, false) => (inputs, _) => [inputs[0]!.isneginf()],
            (false, true) => (inputs, _) => [inputs[0]!.isposinf()],
            _ => (inputs, _) => [zeros_like(inputs[0]!, dtype: ScalarType.Bool)],
        }),
        new("BitShift", 11, c => c.Choice("direction", "LEFT", "RIGHT") == "LEFT"
            ? (inputs, _) => [inputs[0]!.bitwise_left_shift(inputs[1]!)]
            : (inputs, _) => [inputs[0]!.bitwise_right_shift(inputs[1]!)]),
        Binary("BitwiseAnd", 18, (a, b) => a.bitwise_and(b)),
        Binary("BitwiseOr", 18, (a, b) => a.bitwise_or(b)),
        Binary("BitwiseXor", 18, (a, b) => a.bitwise_xor(b)),
        Unary("BitwiseNot", 18, x => x.bitwise_not()),
        Unary("Det", 11, x => x.det()),
    ];

    private static OperatorVersion Variadic(string opType, int since, Func<Tensor, Tensor, Tensor> function)
    {
        return new OperatorVersion(opType, since, _ => (inputs, _) => [Fold(inputs, function)]);
    }

    private static Tensor Fold(Tensor?[] inputs, Func<Tensor, Tensor, Tensor> function)
    {
        if (inputs.Length == 1)
        {
            return inputs[0]!.alias();
        }

        var result = function(inputs[0]!, inputs[1]!);
        foreach (var next in inputs.Skip(2))
        {
            using var before = result;
            result = function(before, next!);
        }

        return result;
    }

    /// <summary>ONNX divides integers as C does, towards zero.</summary>
    private static Tensor Divide(Tensor a, Tensor b) => a.is_floating_point() ? a / b : IntegerDivision.Quotient(a, b);

    private static Kernel CompilePow(NodeContext c)
    {
        // A number as exponent has faster special cases (square, root, reciprocal); it must not change the shape.
        if (c.Scalar(1) is { } exponent && c.Info(0) is { Type: DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16 } x
            && (c.Info(1)?.Rank == 0 || c.Info(1)?.Rank <= x.Rank))
        {
            return (inputs, _) => [inputs[0]!.pow(exponent)];
        }

        return (inputs, _) =>
        {
            // The result has the base's type, whatever the exponent's is.
            var (a, b) = (inputs[0]!, inputs[1]!);
            if (a.dtype == b.dtype)
            {
                return [a.pow(b)];
            }

            using var exponents = b.is_floating_point() || a.is_floating_point() ? b.to(ScalarType.Float64) : b.to(a.dtype);
            using var power = a.pow(exponents);
            return [power.to(a.dtype)];
        };
    }

    private static Kernel CompileMod(NodeContext c)
    {
        if (c.Flag("fmod"))
        {
            return (inputs, _) => [IntegerDivision.Remainder(inputs[0]!, inputs[1]!, (a, b) => a.fmod(b))];
        }

        return c.Info(0)?.Type is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16
            ? throw c.Error("fmod must be 1 for floating-point numbers")
            : (inputs, _) => [IntegerDivision.Remainder(inputs[0]!, inputs[1]!, (a, b) => a.remainder(b))];
    }

    private static Kernel CompileClip(double? low, double? high)
    {
        if (low is null && high is null)
        {
            return (inputs, _) => [inputs[0]!.alias()];
        }

        return (inputs, _) =>
        {
            // A floating-point limit would turn integers into floating-point numbers.
            var whole = !inputs[0]!.is_floating_point();
            Scalar? Limit(double? value) => value is not { } v ? null : whole ? (Scalar)(long)v : v;
            return [inputs[0]!.clamp(Limit(low), Limit(high))];
        };
    }

    private static Kernel CompileCumulative(NodeContext c, int neutral, Func<Tensor, long, Tensor> function)
    {
        var axis = c.Integers(1)!;
        var (exclusive, reverse) = (c.Flag("exclusive"), c.Flag("reverse"));
        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var dim = Positive(axis(inputs)[0], x.Dimensions);
            var from = reverse ? x.flip(dim) : x;
            var sum = function(from, dim);
            if (exclusive && x.shape[dim] > 0)
            {
                var first = full_like(sum.narrow(dim, 0, 1), neutral);
                sum = cat([first, sum.narrow(dim, 0, x.shape[dim] - 1)], dim);
            }

            return [reverse ? sum.flip(dim) : sum];
        });
    }
}
