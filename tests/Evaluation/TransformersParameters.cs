namespace OneFractal.Tests.Evaluation;

/// <summary>
/// Names and shapes of the state of Hugging Face Transformers' classifiers of five classes, from the definitions in its <c>modeling_vit.py</c>,
/// <c>modeling_resnet.py</c> and <c>modeling_swin.py</c>: what <c>state_dict()</c> lists there.
/// </summary>
internal static class TransformersParameters
{
    public static IEnumerable<string> Of(string name) => name switch
    {
        "vit-nano" => Vision(width: 128, depth: 6, patch: 8, tokens: 17),
        "resnet18" => Residual([64, 128, 256, 512], [2, 2, 2, 2]),
        "swin-tiny" => Shifted(96, [2, 2, 6, 2], [3, 6, 12, 24], window: 7),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    /// <summary>The same of a network without its head, and without the pooling layer that some classes put in its place.</summary>
    public static IEnumerable<string> Features(string name)
    {
        return Of(name).Where(p => !p.StartsWith("classifier", StringComparison.Ordinal)).Select(p => p[(p.IndexOf('.', StringComparison.Ordinal) + 1)..]);
    }

    private static IEnumerable<string> Vision(int width, int depth, int patch, int tokens)
    {
        string[] embeddings =
        [
            $"vit.embeddings.cls_token [1,1,{width}]", $"vit.embeddings.position_embeddings [1,{tokens},{width}]",
            .. Layer("vit.embeddings.patch_embeddings.projection", width, 3, patch, patch),
        ];
        var layers = Enumerable.Range(0, depth).SelectMany(i => Block($"vit.encoder.layer.{i}", "attention.attention", width));
        return [.. embeddings, .. layers, .. Layer("vit.layernorm", width), .. Layer("classifier", 5, width)];
    }

    private static IEnumerable<string> Shifted(int width, int[] depths, int[] heads, int window)
    {
        var stages = depths.SelectMany((depth, stage) =>
        {
            var c = width << stage;
            var layer = $"swin.encoder.layers.{stage}";
            var blocks = Enumerable.Range(0, depth).SelectMany(i => (string[])
            [
                .. Block($"{layer}.blocks.{i}", "attention.self", c),
                $"{layer}.blocks.{i}.attention.self.relative_position_bias_table [{(2 * window - 1) * (2 * window - 1)},{heads[stage]}]",
                $"{layer}.blocks.{i}.attention.self.relative_position_index [{window * window},{window * window}]",
            ]);
            string[] merging = stage == depths.Length - 1 ? [] : [$"{layer}.downsample.reduction.weight [{2 * c},{4 * c}]", .. Layer($"{layer}.downsample.norm", 4 * c)];
            return blocks.Concat(merging);
        });
        var last = width << (depths.Length - 1);
        return
        [
            .. Layer("swin.embeddings.patch_embeddings.projection", width, 3, 4, 4), .. Layer("swin.embeddings.norm", width), .. stages, .. Layer("swin.layernorm", last),
            .. Layer("classifier", 5, last),
        ];
    }

    private static IEnumerable<string> Block(string block, string attention, int width)
    {
        string[] products = ["query", "key", "value"];
        return
        [
            .. products.SelectMany(p => Layer($"{block}.{attention}.{p}", width, width)), .. Layer($"{block}.attention.output.dense", width, width),
            .. Layer($"{block}.intermediate.dense", 4 * width, width), .. Layer($"{block}.output.dense", width, 4 * width), .. Layer($"{block}.layernorm_before", width),
            .. Layer($"{block}.layernorm_after", width),
        ];
    }

    private static IEnumerable<string> Residual(int[] widths, int[] depths)
    {
        var stages = depths.SelectMany((depth, stage) => Enumerable.Range(0, depth).SelectMany(i =>
        {
            var (before, width) = (i == 0 && stage > 0 ? widths[stage - 1] : widths[stage], widths[stage]);
            var layer = $"resnet.encoder.stages.{stage}.layers.{i}";
            string[] shortcut = before == width ? [] : [.. Convolution($"{layer}.shortcut", width, before, 1)];
            return shortcut.Concat(Convolution($"{layer}.layer.0", width, before, 3)).Concat(Convolution($"{layer}.layer.1", width, width, 3));
        }));
        return [.. Convolution("resnet.embedder.embedder", widths[0], 3, 7), .. stages, .. Layer("classifier.1", 5, widths[^1])];
    }

    private static IEnumerable<string> Convolution(string module, int outputs, int inputs, int kernel)
    {
        var norm = $"{module}.normalization";
        return
        [
            $"{module}.convolution.weight [{outputs},{inputs},{kernel},{kernel}]", .. Layer(norm, outputs), $"{norm}.running_mean [{outputs}]", $"{norm}.running_var [{outputs}]",
            $"{norm}.num_batches_tracked []",
        ];
    }

    private static IEnumerable<string> Layer(string module, params int[] shape) => [$"{module}.weight [{string.Join(",", shape)}]", $"{module}.bias [{shape[0]}]"];
}
