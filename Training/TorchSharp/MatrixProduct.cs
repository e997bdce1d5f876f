using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// NumPy's matrix product. TorchSharp's own <c>matmul</c> lets what torch throws (operands that do not fit, no memory left) end the process; this is the
/// same computation from functions that report it.
/// </summary>
internal static class MatrixProduct
{
    /// <summary>The product of two tensors of at least one dimension; those before the last two broadcast.</summary>
    /// <exception cref="ArgumentException">A scalar.</exception>
    public static Tensor Of(Tensor a, Tensor b)
    {
        if (a.Dimensions == 0 || b.Dimensions == 0)
        {
            throw new ArgumentException("a scalar has no matrix product");
        }

        if (b.Dimensions == 2)
        {
            using var weight = b.t();
            return nn.functional.linear(a, weight);
        }

        using var scope = NewDisposeScope();
        var (left, right) = (a.Dimensions == 1 ? a.unsqueeze(0) : a, b.Dimensions == 1 ? b.unsqueeze(-1) : b);
        var batch = Broadcast(left.shape[..^2], right.shape[..^2]);
        SizeLimit.Require([.. batch, left.shape[^2], right.shape[^1]]);
        var product = Flatten(left, batch).bmm(Flatten(right, batch)).reshape([.. batch, left.shape[^2], right.shape[^1]]);
        product = a.Dimensions == 1 ? product.squeeze(-2) : product;
        return (b.Dimensions == 1 ? product.squeeze(-1) : product).MoveToOuterDisposeScope();
    }

    private static Tensor Flatten(Tensor x, long[] batch)
    {
        long[] matrix = x.shape[^2..];
        return x.expand([.. batch, .. matrix]).reshape([batch.Aggregate(1L, (p, d) => p * d), .. matrix]);
    }

    private static long[] Broadcast(long[] a, long[] b)
    {
        var result = new long[Math.Max(a.Length, b.Length)];
        for (var i = 1; i <= result.Length; i++)
        {
            var (left, right) = (i <= a.Length ? a[^i] : 1, i <= b.Length ? b[^i] : 1);
            result[^i] = left == 1 ? right : left;
        }

        return result;
    }
}
