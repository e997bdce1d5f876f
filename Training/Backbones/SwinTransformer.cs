namespace OneFractal.Training;

/// <summary>
/// Swin Transformer (Liu et al. 2021, arXiv 2103.14030) with timm's parameter names, shapes and initialisation: attention within windows that every other block
/// shifts by half a window, learned relative position biases, and 2×2 patches merged between stages. Tokens stay a map [batch, height, width, channels].
/// </summary>
internal static class SwinTransformer
{
    private const float Epsilon = 1e-5f;
    private const int MlpRatio = 4;
    internal const string PositionsName = "const.relative_positions";
    private const float Masked = -100; // Added to the scores of tokens that only the shift brought together.

    public static readonly SwinTransformerVariant[] Variants =
    [
        new("swin-tiny", "swin_tiny_patch4_window7_224", ImageSize: 224, PatchSize: 4, Window: 7, Width: 96, Depths: [2, 2, 6, 2], Heads: [3, 6, 12, 24]),
    ];

    public static OnnxModel Build(SwinTransformerVariant v, ulong seed)
    {
        var g = new GraphBuilder(v.Architecture);
        var images = g.Input("images", DataType.Float, "batch", 3, v.ImageSize, v.ImageSize);
        var weight = Initializers.TruncatedNormal(seed, 0.02);
        var positions = g.Initializer(RelativePositions(v.Window));
        Value x;
        using (g.Scope("patch_embed"))
        {
            var initial = Initializers.FanInUniform(seed, 3L * v.PatchSize * v.PatchSize);
            var map = Layers.Conv2d(g, images, "proj", v.Width, v.PatchSize, initial, initial, v.PatchSize);
            x = Layers.Norm(g, g.Transpose(map, 0, 2, 3, 1), "norm", Epsilon);
        }

        var (block, last) = (0, v.Depths.Sum() - 1);
        for (var stage = 0; stage < v.Depths.Length; stage++)
        {
            using (g.Scope($"layers.{stage}"))
            {
                x = stage == 0 ? x : Merge(g, x, weight);
                var size = (int)x.Length(1);
                // A map of one window has nothing to shift.
                var shift = size > v.Window ? v.Window / 2 : 0;
                var mask = shift > 0 ? g.Initializer(ShiftMask($"const.shift_mask({size})", size, v.Window, shift)) : null;
                for (var i = 0; i < v.Depths[stage]; i++, block++)
                {
                    using (g.Scope($"blocks.{i}"))
                    {
                        var depth = block / (double)last;
                        var isShifted = i % 2 == 1 && shift > 0;
                        var branch = Layers.Norm(g, x, "norm1", Epsilon);
                        branch = isShifted ? Roll(g, Roll(g, branch, 1, shift), 2, shift) : branch;
                        branch = WindowAttention(g, branch, v.Window, v.Heads[stage], positions, isShifted ? mask : null, weight);
                        branch = isShifted ? Roll(g, Roll(g, branch, 1, size - shift), 2, size - shift) : branch;
                        x = g.Add(x, g.ResidualBranch(branch, depth));
                        branch = Layers.Mlp(g, Layers.Norm(g, x, "norm2", Epsilon), "mlp", MlpRatio * x.Length(-1), weight);
                        x = g.Add(x, g.ResidualBranch(branch, depth));
                    }
                }
            }
        }

        var features = g.Rename(g.Mean(Layers.Norm(g, x, "norm", Epsilon), false, 1, 2), "features");
        g.Output(features);
        var model = g.Build(features.Name);
        model.HeadModule = "head.fc";
        model.Metadata = new ModelMetadata
        {
            Architecture = v.Architecture,
            NumFeatures = (int)features.Length(1),
            Preprocessing = new Preprocessing(3, v.ImageSize, v.ImageSize) { Interpolation = Interpolation.Bicubic, CropFraction = 0.9 },
        };
        return model;
    }

    /// <summary>[batch, size, size, channels] → [batch, size / 2, size / 2, 2 · channels].</summary>
    private static Value Merge(GraphBuilder g, Value x, FillParameter weight)
    {
        long half = x.Length(1) / 2, width = x.Length(3);
        using (g.Scope("downsample"))
        {
            // The four neighbours go down first, then right: the order of timm's weights.
            var neighbours = g.Transpose(g.Reshape(x, 0, half, 2, half, 2, width), 0, 1, 3, 4, 2, 5);
            var merged = Layers.Norm(g, g.Reshape(neighbours, 0, half, half, 4 * width), "norm", Epsilon);
            using (g.Scope("reduction"))
            {
                return g.MatMul(merged, g.Transpose(g.Parameter("weight", [2 * width, 4 * width], weight), 1, 0));
            }
        }
    }

    /// <summary>Moves the first <paramref name="shift"/> rows or columns to the end.</summary>
    private static Value Roll(GraphBuilder g, Value x, int axis, long shift)
    {
        var size = x.Length(axis);
        return g.Concat(axis, g.Slice(x, axis, shift, size), g.Slice(x, axis, 0, shift));
    }

    private static Value WindowAttention(
        GraphBuilder g, Value x, int window, int heads, Value positions, Value? mask, FillParameter weight)
    {
        long size = x.Length(1), width = x.Length(3), head = width / heads, perSide = size / window, windows = perSide * perSide, tokens = window * window;
        var parted = g.Transpose(g.Reshape(x, 0, perSide, window, perSide, window, width), 0, 1, 3, 2, 4, 5);
        var y = g.Reshape(parted, 0, windows, tokens, width);
        using (g.Scope("attn"))
        {
            var table = g.Parameter("relative_position_bias_table", [(2 * window - 1) * (2 * window - 1), heads], weight);
            var bias = g.Transpose(g.Node("Gather", [table, positions], ("axis", 0)), 2, 0, 1);
            bias = mask is null ? bias : g.Add(bias, mask);

            // Queries, keys and values of every window and head: [batch, windows, heads, tokens, head].
            var parts = g.Split(Layers.Linear(g, y, "qkv", 3 * width, weight), axis: 3, parts: 3);
            var query = g.Transpose(g.Reshape(parts[0], 0, windows, tokens, heads, head), 0, 1, 3, 2, 4);
            var key = g.Transpose(g.Reshape(parts[1], 0, windows, tokens, heads, head), 0, 1, 3, 4, 2);
            var value = g.Transpose(g.Reshape(parts[2], 0, windows, tokens, heads, head), 0, 1, 3, 2, 4);
            var scores = g.Add(g.MatMul(g.Mul(query, g.Float(1 / MathF.Sqrt(head))), key), bias);
            var mixed = g.Transpose(g.MatMul(g.Softmax(scores, -1), value), 0, 1, 3, 2, 4);
            y = Layers.Linear(g, g.Reshape(mixed, 0, windows, tokens, width), "proj", width, weight);
        }

        var whole = g.Transpose(g.Reshape(y, 0, perSide, perSide, window, window, width), 0, 1, 3, 2, 4, 5);
        return g.Reshape(whole, 0, size, size, width);
    }

    /// <summary>For each pair of a window's tokens the row of the bias table: [tokens, tokens].</summary>
    private static TensorProto RelativePositions(int window)
    {
        var tokens = window * window;
        var rows = new long[tokens * tokens];
        for (var i = 0; i < tokens; i++)
        {
            for (var j = 0; j < tokens; j++)
            {
                var (down, right) = (i / window - j / window, i % window - j % window);
                rows[i * tokens + j] = (down + window - 1) * (2 * window - 1) + right + window - 1;
            }
        }

        return TensorProtoExtensions.Int64(PositionsName, [tokens, tokens], rows);
    }

    /// <summary>What keeps tokens of a shifted map apart that are no neighbours in the image: [windows, 1, tokens, tokens].</summary>
    private static TensorProto ShiftMask(string name, int size, int window, int shift)
    {
        // After the shift, the last `shift` rows and columns are the image's first.
        bool IsWrapped(int position) => position >= size - shift;
        int perSide = size / window, windows = perSide * perSide, tokens = window * window;
        var mask = new float[windows * tokens * tokens];
        for (var w = 0; w < windows; w++)
        {
            (bool, bool) Side(int token) => (IsWrapped(w / perSide * window + token / window), IsWrapped(w % perSide * window + token % window));
            for (var i = 0; i < tokens; i++)
            {
                for (var j = 0; j < tokens; j++)
                {
                    mask[(w * tokens + i) * tokens + j] = Side(i) == Side(j) ? 0 : Masked;
                }
            }
        }

        return TensorProtoExtensions.Float(name, [windows, 1, tokens, tokens], mask);
    }
}
