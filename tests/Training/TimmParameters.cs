namespace OneFractal.Tests.Training;

/// <summary>
/// Names and shapes of timm's parameters without the head, from the definitions in its <c>swin_transformer.py</c>, <c>pvt_v2.py</c> and <c>mlp_mixer.py</c>:
/// what <c>named_parameters()</c> lists there.
/// </summary>
internal static class TimmParameters
{
    public static IEnumerable<string> Of(string name) => name switch
    {
        "swin-tiny" => Swin(96, [2, 2, 6, 2], [3, 6, 12, 24], window: 7),
        "pvt-v2-b0" => PvtV2([32, 64, 160, 256], [2, 2, 2, 2], sr: [8, 4, 2, 1], ratio: [8, 8, 4, 4]),
        "mixer-s16" => Mixer(512, 8, tokens: 196, patch: 16),
        "mixer-b16" => Mixer(768, 12, tokens: 196, patch: 16),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private static IEnumerable<string> Swin(int width, int[] depths, int[] heads, int window)
    {
        string[] stem = [.. Weighted("patch_embed.proj", width, 3, 4, 4), .. Weighted("patch_embed.norm", width)];
        var layers = depths.SelectMany((depth, i) =>
        {
            var c = width << i;
            string[] merge = i == 0 ? [] : [.. Weighted($"layers.{i}.downsample.norm", 2 * c), $"layers.{i}.downsample.reduction.weight [{c},{2 * c}]"];
            return merge.Concat(Enumerable.Range(0, depth).Select(j => $"layers.{i}.blocks.{j}.").SelectMany(b => (string[])
            [
                .. Weighted(b + "norm1", c), $"{b}attn.relative_position_bias_table [{(2 * window - 1) * (2 * window - 1)},{heads[i]}]",
                .. Weighted(b + "attn.qkv", 3 * c, c), .. Weighted(b + "attn.proj", c, c), .. Weighted(b + "norm2", c),
                .. Weighted(b + "mlp.fc1", 4 * c, c), .. Weighted(b + "mlp.fc2", c, 4 * c),
            ]));
        });
        return [.. stem, .. layers, .. Weighted("norm", width << (depths.Length - 1))];
    }

    private static IEnumerable<string> PvtV2(int[] widths, int[] depths, int[] sr, int[] ratio)
    {
        string[] stem = [.. Weighted("patch_embed.proj", widths[0], 3, 7, 7), .. Weighted("patch_embed.norm", widths[0])];
        return stem.Concat(depths.SelectMany((depth, i) =>
        {
            var (c, stage, hidden) = (widths[i], $"stages.{i}.", ratio[i] * widths[i]);
            string[] down = i == 0 ? [] : [.. Weighted(stage + "downsample.proj", c, widths[i - 1], 3, 3), .. Weighted(stage + "downsample.norm", c)];
            var blocks = Enumerable.Range(0, depth).Select(j => $"{stage}blocks.{j}.").SelectMany(b => (string[])
            [
                .. Weighted(b + "norm1", c), .. Weighted(b + "attn.q", c, c), .. Weighted(b + "attn.kv", 2 * c, c), .. Weighted(b + "attn.proj", c, c),
                .. sr[i] > 1 ? (string[])[.. Weighted(b + "attn.sr", c, c, sr[i], sr[i]), .. Weighted(b + "attn.norm", c)] : [],
                .. Weighted(b + "norm2", c), .. Weighted(b + "mlp.fc1", hidden, c), .. Weighted(b + "mlp.dwconv", hidden, 1, 3, 3),
                .. Weighted(b + "mlp.fc2", c, hidden),
            ]);
            return down.Concat(blocks).Concat(Weighted(stage + "norm", c));
        }));
    }

    private static IEnumerable<string> Mixer(int width, int depth, int tokens, int patch)
    {
        var blocks = Enumerable.Range(0, depth).Select(i => $"blocks.{i}.").SelectMany(b => (string[])
        [
            .. Weighted(b + "norm1", width), .. Weighted(b + "mlp_tokens.fc1", width / 2, tokens), .. Weighted(b + "mlp_tokens.fc2", tokens, width / 2),
            .. Weighted(b + "norm2", width), .. Weighted(b + "mlp_channels.fc1", 4 * width, width), .. Weighted(b + "mlp_channels.fc2", width, 4 * width),
        ]);
        return [.. Weighted("stem.proj", width, 3, patch, patch), .. blocks, .. Weighted("norm", width)];
    }

    /// <summary>A module with a weight and a bias as long as the weight's first dimension.</summary>
    private static string[] Weighted(string module, params int[] weight) => [$"{module}.weight [{string.Join(',', weight)}]", $"{module}.bias [{weight[0]}]"];
}
