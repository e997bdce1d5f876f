using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Attention() =>
    [
        new("Attention", 23, CompileAttention),
        new("RotaryEmbedding", 23, CompileRotaryEmbedding),
    ];

    private static Kernel CompileAttention(NodeContext c)
    {
        var (queryHeads, keyHeads) = (c.Int("q_num_heads", 0), c.Int("kv_num_heads", 0));
        var (causal, softcap, scale) = (c.Flag("is_causal"), c.Float("softcap", 0), c.FloatOrNull("scale"));
        var stage = c.Int("qk_matmul_output_mode", 0);
        c.Ignore("softmax_precision");
        if (c.Node.InputOrNull(6) is not null)
        {
            throw c.Error("a length of each sequence (nonpad_kv_seqlen) is not supported");
        }

        if (softcap != 0 && (causal || c.Node.InputOrNull(3) is not null))
        {
            throw c.Error("softcap together with a mask is not supported: versions differ on which comes first");
        }

        var (flat, scores) = (c.Rank(0) == 3, c.Wants(3));
        if (flat && (queryHeads < 1 || keyHeads < 1))
        {
            throw c.Error("needs q_num_heads and kv_num_heads for inputs [batch, sequence, hidden]");
        }

        return Scoped((inputs, _) =>
        {
            var (query, key, value) = flat
                ? (Heads(inputs[0]!, queryHeads), Heads(inputs[1]!, keyHeads), Heads(inputs[2]!, keyHeads))
                : (inputs[0]!, inputs[1]!, inputs[2]!);
            var past = Optional(inputs, 4) is { } pastKey ? pastKey.shape[2] : 0;
            if (past > 0)
            {
                (key, value) = (cat([inputs[4]!, key], 2), cat([inputs[5]!, value], 2));
            }

            var (presentKey, presentValue) = (key.alias(), value.alias());
            if (query.shape[1] != key.shape[1])
            {
                var share = query.shape[1] / key.shape[1];
                (key, value) = (key.repeat_interleave(share, 1), value.repeat_interleave(share, 1));
            }

            var root = 1 / Math.Sqrt(query.shape[3]);
            var mask = AttentionMask(Optional(inputs, 3), query, key.shape[2], causal, past);
            Tensor y;
            var product = query;
            if (softcap == 0 && !scores)
            {
                // torch divides by the root of the head's width itself.
                var scaled = scale is { } s && s != root ? query * (s / root) : query;
                y = functional.scaled_dot_product_attention(scaled, key, value, mask);
            }
            else
            {
                product = MatrixProduct.Of(query * (scale ?? root), key.transpose(2, 3));
                var masked = mask is null ? product : mask.dtype == ScalarType.Bool ? product.masked_fill(mask.logical_not(), double.NegativeInfinity) : product + mask;
                var capped = softcap == 0 ? masked : (masked / softcap).tanh() * softcap;
                var weights = capped.softmax(-1);
                y = MatrixProduct.Of(weights, value);
                product = stage switch { 0 => product, 1 => masked, 2 => capped, _ => weights };
            }

            if (flat)
            {
                y = y.transpose(1, 2).reshape(y.shape[0], y.shape[2], -1);
            }

            return [y, presentKey, presentValue, product.alias()];
        });
    }

    /// <summary>[batch, sequence, heads · width] to [batch, heads, sequence, width].</summary>
    private static Tensor Heads(Tensor x, long heads) => x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2);

    /// <summary>What is added to the scores or, as bool, may be looked at; null for everything.</summary>
    private static Tensor? AttentionMask(Tensor? mask, Tensor query, long keys, bool causal, long past)
    {
        // A mask of fewer keys hides the rest.
        if (mask is not null && mask.shape[^1] < keys)
        {
            mask = functional.pad(mask, [0, keys - mask.shape[^1]], value: mask.dtype == ScalarType.Bool ? 0 : double.NegativeInfinity);
        }

        if (!causal)
        {
            return mask;
        }

        var seen = ones([query.shape[2], keys], dtype: ScalarType.Bool, device: query.device).tril(past);
        return mask is null ? seen : mask.dtype == ScalarType.Bool ? mask.logical_and(seen) : mask.masked_fill(seen.logical_not(), double.NegativeInfinity);
    }

    private static Kernel CompileRotaryEmbedding(NodeContext c)
    {
        var (interleaved, heads, width) = (c.Flag("interleaved"), c.Int("num_heads", 0), c.Int("rotary_embedding_dim", 0));
        var flat = c.Rank(0) == 3;
        if (flat && heads < 1)
        {
            throw c.Error("needs num_heads for inputs [batch, sequence, hidden]");
        }

        return Scoped((inputs, _) =>
        {
            var x = flat ? inputs[0]!.reshape(inputs[0]!.shape[0], inputs[0]!.shape[1], heads, -1) : inputs[0]!.transpose(1, 2);
            var rotated = width == 0 ? x.shape[3] : width;
            Tensor Angles(Tensor cache) => (Optional(inputs, 3) is { } positions
                ? cache.index_select(0, positions.reshape(-1)).reshape([.. positions.shape, -1])
                : cache).unsqueeze(2);
            var (cos, sin) = (Angles(inputs[1]!), Angles(inputs[2]!));
            var turning = x.narrow(3, 0, rotated);
            var (real, imaginary) = interleaved
                ? (turning.slice(3, 0, rotated, 2), turning.slice(3, 1, rotated, 2))
                : (turning.narrow(3, 0, rotated / 2), turning.narrow(3, rotated / 2, rotated / 2));
            Tensor[] turned = [real * cos - imaginary * sin, real * sin + imaginary * cos];
            var joined = interleaved ? stack(turned, -1).reshape(turning.shape) : cat(turned, 3);
            var y = rotated == x.shape[3] ? joined : cat([joined, x.narrow(3, rotated, x.shape[3] - rotated)], 3);
            return [flat ? y.reshape(inputs[0]!.shape) : y.transpose(1, 2)];
        });
    }
}
