using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// Division of integers that cannot end the process: processors trap the smallest integer divided by −1, whose quotient does not fit. It wraps around
/// here, as negation does.
/// </summary>
internal static class IntegerDivision
{
    /// <summary>The quotient towards zero, as in C.</summary>
    public static Tensor Quotient(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        var trapped = b.eq(-1);
        return where(trapped, a.neg(), a.div(b.masked_fill(trapped, 1), RoundingMode.trunc)).MoveToOuterDisposeScope();
    }

    /// <summary>A remainder that <paramref name="remainder"/> computes: by −1 it is 0, as by 1.</summary>
    public static Tensor Remainder(Tensor a, Tensor b, Func<Tensor, Tensor, Tensor> remainder)
    {
        if (b.is_floating_point())
        {
            return remainder(a, b);
        }

        using var trapped = b.eq(-1);
        using var divisor = b.masked_fill(trapped, 1);
        return remainder(a, divisor);
    }
}
