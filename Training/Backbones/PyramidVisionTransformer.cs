namespace OneFractal.Training;

/// <summary>
/// Pyramid Vision Transformer v2 (Wang et al. 2021, arXiv 2106.13797) with timm's parameter names, shapes and initialisation: four stages of shrinking maps,
/// overlapping patch embeddings, attention to a coarser map of keys and values, and a depthwise convolution in each MLP, which tells tokens where they are.
/// </summary>
internal static class PyramidVisionTransformer
{
    private const float Epsilon = 1e-6f;
    private const float ConvolutionEpsilon = 1e-5f; // Of the norms that follow a convolution.

    public static readonly PyramidVisionTransformerVariant[] Variants =
    [
        new("pvt-v2-b0", "pvt_v2_b0", ImageSize: 224, Widths: [32, 64, 160, 256], Depths: [2, 2, 2, 2], Heads: [1, 2, 5, 8], Reductions: [8, 4, 2, 1],
            MlpRatios: [8, 8, 4, 4]),
    ];

    public static OnnxModel Build(PyramidVisionTransformerVariant v, ulong seed)
    {
        var g = new GraphBuilder(v.Architecture);
        var map = g.Input("images", DataType.Float, "batch", 3, v.ImageSize, v.ImageSize);
        var (block, last) = (0, v.Depths.Sum() - 1);
        Value? x = null;
        for (var stage = 0; stage < v.Depths.Length; stage++)
        {
            var (embedding, kernel, stride) = stage == 0 ? ("patch_embed", 7, 4) : ($"stages.{stage}.downsample", 3, 2);
            using (g.Scope(embedding))
            {
                map = Conv2d(g, map, "proj", v.Widths[stage], kernel, stride, kernel / 2, 1, seed);
                x = Layers.Norm(g, Layers.Tokens(g, map), "norm", ConvolutionEpsilon);
            }

            var size = map.Length(2);
            using (g.Scope($"stages.{stage}"))
            {
                for (var i = 0; i < v.Depths[stage]; i++, block++)
                {
                    using (g.Scope($"blocks.{i}"))
                    {
                        var depth = block / (double)last;
                        var attention = Attention(g, Layers.Norm(g, x, "norm1", Epsilon), size, v.Heads[stage], v.Reductions[stage], seed);
                        x = g.Add(x, g.ResidualBranch(attention, depth));
                        var mlp = Mlp(g, Layers.Norm(g, x, "norm2", Epsilon), size, v.MlpRatios[stage] * v.Widths[stage], seed);
                        x = g.Add(x, g.ResidualBranch(mlp, depth));
                    }
                }

                x = Layers.Norm(g, x, "norm", Epsilon);
                map = stage < v.Depths.Length - 1 ? Layers.Map(g, x, size) : map;
            }
        }

        var features = g.Rename(g.Mean(x!, false, 1), "features");
        g.Output(features);
        var model = g.Build(features.Name);
        model.Metadata = new ModelMetadata
        {
            Architecture = v.Architecture,
            NumFeatures = v.Widths[^1],
            Preprocessing = new Preprocessing(3, v.ImageSize, v.ImageSize) { Interpolation = Interpolation.Bicubic, CropFraction = 0.9 },
        };
        return model;
    }

    private static Value Attention(GraphBuilder g, Value x, long size, int heads, int reduction, ulong seed)
    {
        long tokens = x.Length(1), width = x.Length(2), head = width / heads;
        var weight = Initializers.TruncatedNormal(seed, 0.02);
        using (g.Scope("attn"))
        {
            var query = g.Transpose(g.Reshape(Layers.Linear(g, x, "q", width, weight), 0, tokens, heads, head), 0, 2, 1, 3);
            var source = x;
            if (reduction > 1)
            {
                var coarse = Conv2d(g, Layers.Map(g, x, size), "sr", width, reduction, reduction, 0, 1, seed);
                source = Layers.Norm(g, Layers.Tokens(g, coarse), "norm", ConvolutionEpsilon);
            }

            // timm's kv weight is [k; v], so a split of the product gives the two.
            var parts = g.Split(Layers.Linear(g, source, "kv", 2 * width, weight), axis: 2, parts: 2);
            var key = g.Transpose(g.Reshape(parts[0], 0, source.Length(1), heads, head), 0, 2, 3, 1);
            var value = g.Transpose(g.Reshape(parts[1], 0, source.Length(1), heads, head), 0, 2, 1, 3);
            var scores = g.MatMul(g.Mul(query, g.Float(1 / MathF.Sqrt(head))), key);
            var mixed = g.Transpose(g.MatMul(g.Softmax(scores, -1), value), 0, 2, 1, 3);
            return Layers.Linear(g, g.Reshape(mixed, 0, tokens, width), "proj", width, weight);
        }
    }

    private static Value Mlp(GraphBuilder g, Value x, long size, int hidden, ulong seed)
    {
        var weight = Initializers.TruncatedNormal(seed, 0.02);
        using (g.Scope("mlp"))
        {
            var map = Layers.Map(g, Layers.Linear(g, x, "fc1", hidden, weight), size);
            map = Conv2d(g, map, "dwconv", hidden, 3, 1, 1, hidden, seed);
            return Layers.Linear(g, g.Gelu(Layers.Tokens(g, map)), "fc2", x.Length(2), weight);
        }
    }

    private static Value Conv2d(GraphBuilder g, Value x, string name, long outputs, int kernel, int stride, int padding, int groups, ulong seed)
    {
        var weight = Initializers.KaimingFanOut(seed, outputs * kernel * kernel / groups);
        return Layers.Conv2d(g, x, name, outputs, kernel, weight, Initializers.Zeros, stride, padding, groups);
    }
}
