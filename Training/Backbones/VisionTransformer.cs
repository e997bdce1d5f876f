namespace OneFractal.Training;

/// <summary>
/// Vision Transformer (Dosovitskiy et al. 2021, arXiv 2010.11929; the sizes tiny and small from DeiT, arXiv 2012.12877) with timm's parameter names,
/// shapes and initialisation: pre-norm blocks, class token, learned position embedding, exact Gelu.
/// </summary>
internal static class VisionTransformer
{
    private const float Epsilon = 1e-6f;
    internal const int MlpRatio = 4;

    public static readonly VisionTransformerVariant[] Variants =
    [
        new("vit-nano", "vit_nano_patch8_32", ImageSize: 32, PatchSize: 8, Width: 128, Depth: 6, Heads: 4),
        new("vit-micro", "vit_micro_patch4_32", ImageSize: 32, PatchSize: 4, Width: 128, Depth: 6, Heads: 4),
        new("vit-tiny", "vit_tiny_patch16_224", ImageSize: 224, PatchSize: 16, Width: 192, Depth: 12, Heads: 3),
        new("vit-small", "vit_small_patch16_224", ImageSize: 224, PatchSize: 16, Width: 384, Depth: 12, Heads: 6),
        new("vit-base", "vit_base_patch16_224", ImageSize: 224, PatchSize: 16, Width: 768, Depth: 12, Heads: 12),
    ];

    public static OnnxModel Build(VisionTransformerVariant v, ulong seed)
    {
        var g = new GraphBuilder(v.Architecture);
        var images = g.Input("images", DataType.Float, "batch", 3, v.ImageSize, v.ImageSize);
        var initial = Initializers.FanInUniform(seed, 3L * v.PatchSize * v.PatchSize);
        var weight = Initializers.TruncatedNormal(seed, 0.02);
        Value x;
        using (g.Scope("patch_embed"))
        {
            x = Layers.Tokens(g, Layers.Conv2d(g, images, "proj", v.Width, v.PatchSize, initial, initial, v.PatchSize));
        }

        var tokens = x.Length(1) + 1;
        var classToken = g.Parameter("cls_token", [1, 1, v.Width], Initializers.Normal(seed, 1e-6));
        var position = g.Parameter("pos_embed", [1, tokens, v.Width], weight);
        var shape = g.Concat(0, g.SizeOf(images, 0), g.Int64s(1, v.Width));
        x = g.Add(g.Concat(1, g.Expand(classToken, shape), x), position);

        for (var i = 0; i < v.Depth; i++)
        {
            using (g.Scope($"blocks.{i}"))
            {
                var depth = i / (double)(v.Depth - 1);
                x = g.Add(x, g.ResidualBranch(Attention(g, Layers.Norm(g, x, "norm1", Epsilon), v, weight), depth));
                x = g.Add(x, g.ResidualBranch(Layers.Mlp(g, Layers.Norm(g, x, "norm2", Epsilon), "mlp", MlpRatio * v.Width, weight), depth));
            }
        }

        // Only the class token is used: normalising it alone gives the same features for a fraction of the work.
        var features = g.Rename(Layers.Norm(g, g.Select(x, 1, 0), "norm", Epsilon), "features");
        g.Output(features);
        var model = g.Build(features.Name);
        model.Metadata = new ModelMetadata
        {
            Architecture = v.Architecture,
            NumFeatures = v.Width,
            Preprocessing = v.ImageSize >= 224
                ? new Preprocessing(3, v.ImageSize, v.ImageSize) { Interpolation = Interpolation.Bicubic, CropFraction = 0.9 }
                : new Preprocessing(3, v.ImageSize, v.ImageSize),
        };
        return model;
    }

    private static Value Attention(GraphBuilder g, Value x, VisionTransformerVariant v, FillParameter weight)
    {
        long tokens = x.Length(1), head = v.Width / v.Heads;
        using (g.Scope("attn"))
        {
            // timm's qkv weight is [q; k; v], so a split of the product gives the three, each [batch, tokens, width].
            var parts = g.Split(Layers.Linear(g, x, "qkv", 3 * v.Width, weight), axis: 2, parts: 3);
            var query = g.Transpose(g.Reshape(parts[0], 0, tokens, v.Heads, head), 0, 2, 1, 3);
            var key = g.Transpose(g.Reshape(parts[1], 0, tokens, v.Heads, head), 0, 2, 3, 1);
            var value = g.Transpose(g.Reshape(parts[2], 0, tokens, v.Heads, head), 0, 2, 1, 3);
            var scores = g.MatMul(g.Mul(query, g.Float(1 / MathF.Sqrt(head))), key);
            var mixed = g.Transpose(g.MatMul(g.Softmax(scores, -1), value), 0, 2, 1, 3);
            return Layers.Linear(g, g.Reshape(mixed, 0, tokens, v.Width), "proj", v.Width, weight);
        }
    }
}
