namespace OneFractal.Training;

/// <summary>
/// MLP-Mixer (Tolstikhin et al. 2021, arXiv 2105.01601) with timm's parameter names, shapes and initialisation: blocks of an MLP across the tokens and one
/// across the channels, each after a layer normalisation; the features are the tokens' mean.
/// </summary>
internal static class MlpMixer
{
    private const float Epsilon = 1e-6f;

    public static readonly MlpMixerVariant[] Variants =
    [
        new("mixer-s16", "mixer_s16_224", ImageSize: 224, PatchSize: 16, Width: 512, Depth: 8),
        new("mixer-b16", "mixer_b16_224", ImageSize: 224, PatchSize: 16, Width: 768, Depth: 12),
    ];

    public static OnnxModel Build(MlpMixerVariant v, ulong seed)
    {
        var g = new GraphBuilder(v.Architecture);
        var images = g.Input("images", DataType.Float, "batch", 3, v.ImageSize, v.ImageSize);
        var (weight, bias) = (Initializers.XavierUniform(seed), Initializers.Normal(seed, 1e-6));
        Value x;
        using (g.Scope("stem"))
        {
            x = Layers.Tokens(g, Layers.Conv2d(g, images, "proj", v.Width, v.PatchSize, Initializers.LecunNormal(seed), Initializers.Zeros, v.PatchSize));
        }

        for (var i = 0; i < v.Depth; i++)
        {
            using (g.Scope($"blocks.{i}"))
            {
                // The authors' own code lets drop path grow with depth; timm gives every block the same rate.
                var depth = i / (double)(v.Depth - 1);
                var tokens = g.Transpose(Layers.Norm(g, x, "norm1", Epsilon), 0, 2, 1);
                tokens = g.Transpose(Layers.Mlp(g, tokens, "mlp_tokens", v.Width / 2, weight, bias), 0, 2, 1);
                x = g.Add(x, g.ResidualBranch(tokens, depth));
                var channels = Layers.Mlp(g, Layers.Norm(g, x, "norm2", Epsilon), "mlp_channels", 4 * v.Width, weight, bias);
                x = g.Add(x, g.ResidualBranch(channels, depth));
            }
        }

        var features = g.Rename(g.Mean(Layers.Norm(g, x, "norm", Epsilon), false, 1), "features");
        g.Output(features);
        var model = g.Build(features.Name);
        model.Metadata = new ModelMetadata
        {
            Architecture = v.Architecture,
            NumFeatures = v.Width,
            Preprocessing = new Preprocessing(3, v.ImageSize, v.ImageSize) { Interpolation = Interpolation.Bicubic, CropFraction = 0.875 },
        };
        return model;
    }
}
