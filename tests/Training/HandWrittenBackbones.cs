using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace OneFractal.Tests.Training;

/// <summary>
/// Swin, PVTv2 and MLP-Mixer as PyTorch users write them, from their papers, over weights under timm's names: [batch, 3, height, width] → pooled features.
/// </summary>
internal sealed class HandWrittenBackbones(IReadOnlyDictionary<string, Tensor> weights)
{
    public Tensor Swin(Tensor images, int[] depths, int[] heads, int window)
    {
        var x = Norm(Conv(images, "patch_embed.proj", stride: 4).permute(0, 2, 3, 1), "patch_embed.norm", 1e-5);
        for (var stage = 0; stage < depths.Length; stage++)
        {
            if (stage > 0)
            {
                var (top, bottom) = (Every2nd(x, 1, 0), Every2nd(x, 1, 1));
                x = cat([Every2nd(top, 2, 0), Every2nd(bottom, 2, 0), Every2nd(top, 2, 1), Every2nd(bottom, 2, 1)], -1);
                x = matmul(Norm(x, $"layers.{stage}.downsample.norm", 1e-5), weights[$"layers.{stage}.downsample.reduction.weight"].t());
            }

            for (var i = 0; i < depths[stage]; i++)
            {
                var block = $"layers.{stage}.blocks.{i}.";
                var shift = i % 2 == 1 && x.shape[1] > window ? window / 2 : 0;
                var y = roll(Norm(x, block + "norm1", 1e-5), [-shift, -shift], [1, 2]);
                x = x + roll(Windows(y, block + "attn.", heads[stage], window, shift), [shift, shift], [1, 2]);
                x = x + Mlp(Norm(x, block + "norm2", 1e-5), block + "mlp.");
            }
        }

        return Norm(x, "norm", 1e-5).mean([1, 2]);
    }

    public Tensor PvtV2(Tensor images, int[] depths, int[] heads, int[] reductions)
    {
        var map = images;
        for (var stage = 0; stage < depths.Length; stage++)
        {
            var (embedding, kernel, stride) = stage == 0 ? ("patch_embed", 7, 4) : ($"stages.{stage}.downsample", 3, 2);
            map = Conv(map, embedding + ".proj", stride, kernel / 2);
            var size = map.shape[2];
            Tensor ToMap(Tensor tokens) => tokens.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], size, size);
            var x = Norm(map.flatten(2).transpose(1, 2), embedding + ".norm", 1e-5);
            for (var i = 0; i < depths[stage]; i++)
            {
                var block = $"stages.{stage}.blocks.{i}.";
                var y = Norm(x, block + "norm1", 1e-6);
                var source = y;
                if (reductions[stage] > 1)
                {
                    source = Norm(Conv(ToMap(y), block + "attn.sr", reductions[stage]).flatten(2).transpose(1, 2), block + "attn.norm", 1e-5);
                }

                var keysAndValues = Linear(source, block + "attn.kv").chunk(2, -1);
                var mixed = scaled_dot_product_attention(
                    PerHead(Linear(y, block + "attn.q"), heads[stage]), PerHead(keysAndValues[0], heads[stage]), PerHead(keysAndValues[1], heads[stage]));
                x = x + Linear(mixed.transpose(-3, -2).flatten(-2), block + "attn.proj");
                y = Linear(Norm(x, block + "norm2", 1e-6), block + "mlp.fc1");
                y = Conv(ToMap(y), block + "mlp.dwconv", 1, 1, groups: y.shape[2]).flatten(2).transpose(1, 2);
                x = x + Linear(gelu(y), block + "mlp.fc2");
            }

            map = ToMap(Norm(x, $"stages.{stage}.norm", 1e-6));
        }

        return map.mean([2, 3]);
    }

    public Tensor Mixer(Tensor images, int depth, int patch)
    {
        var x = Conv(images, "stem.proj", patch).flatten(2).transpose(1, 2);
        for (var i = 0; i < depth; i++)
        {
            x = x + Mlp(Norm(x, $"blocks.{i}.norm1", 1e-6).transpose(1, 2), $"blocks.{i}.mlp_tokens.").transpose(1, 2);
            x = x + Mlp(Norm(x, $"blocks.{i}.norm2", 1e-6), $"blocks.{i}.mlp_channels.");
        }

        return Norm(x, "norm", 1e-6).mean([1]);
    }

    /// <summary>Attention within the windows of a map that was rolled by <paramref name="shift"/>.</summary>
    private Tensor Windows(Tensor x, string module, int heads, int window, int shift)
    {
        var (size, width, count) = (x.shape[1], x.shape[3], x.shape[1] / window);
        Tensor Partition(Tensor map) => map.reshape(map.shape[0], count, window, count, window, -1).transpose(2, 3).reshape(-1, count * count, window * window, map.shape[3]);

        // Where each token is in the image: tokens of one window that are a window apart there met by the roll only.
        var along = roll(arange(size), [-shift], [0]);
        var rows = Partition(along.view(1, -1, 1, 1).expand(1, size, size, 1)).squeeze(-1).squeeze(0);
        var columns = Partition(along.view(1, 1, -1, 1).expand(1, size, size, 1)).squeeze(-1).squeeze(0);
        var (down, right) = (rows.unsqueeze(-1) - rows.unsqueeze(-2), columns.unsqueeze(-1) - columns.unsqueeze(-2));
        var strangers = (down.abs() >= window).logical_or(right.abs() >= window).unsqueeze(1);
        var table = weights[module + "relative_position_bias_table"].view(2 * window - 1, 2 * window - 1, heads);
        var bias = table.index(down[0] + window - 1, right[0] + window - 1).permute(2, 0, 1);
        var parts = Linear(Partition(x), module + "qkv").chunk(3, -1).Select(p => PerHead(p, heads)).ToArray();
        var mixed = scaled_dot_product_attention(parts[0], parts[1], parts[2], bias - 100 * strangers.to(float32));
        var y = Linear(mixed.transpose(-3, -2).flatten(-2), module + "proj");
        return y.reshape(-1, count, count, window, window, width).transpose(2, 3).reshape(-1, size, size, width);
    }

    /// <summary>[…, tokens, width] → […, heads, tokens, width / heads].</summary>
    private static Tensor PerHead(Tensor x, int heads) => x.reshape([.. x.shape[..^1], heads, x.shape[^1] / heads]).transpose(-3, -2);

    private static Tensor Every2nd(Tensor x, int axis, int start) => x.slice(axis, start, x.shape[axis], 2);

    private Tensor Mlp(Tensor x, string module) => Linear(gelu(Linear(x, module + "fc1")), module + "fc2");

    private Tensor Linear(Tensor x, string module) => linear(x, weights[module + ".weight"], weights[module + ".bias"]);

    private Tensor Norm(Tensor x, string module, double epsilon) =>
        layer_norm(x, [x.shape[^1]], weights[module + ".weight"], weights[module + ".bias"], epsilon);

    private Tensor Conv(Tensor x, string module, int stride, int padding = 0, long groups = 1) =>
        conv2d(x, weights[module + ".weight"], weights[module + ".bias"], [stride, stride], [padding, padding], groups: groups);
}
