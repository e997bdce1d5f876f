namespace OneFractal.Export;

/// <summary>
/// Puts in front of a model what turns a photo into its input: the shorter side is resized, the centre cropped, pixels are scaled and normalised. The result takes
/// <c>pixels</c>, uint8 [batch, height, width, 3] in R, G, B order and of any size.
/// </summary>
public static class EmbeddedPreprocessing
{
    /// <summary>Name of the new input.</summary>
    public const string Input = "pixels";

    /// <summary>From this opset on, Resize averages over the source area where it shrinks.</summary>
    public const int AntialiasOpset = 18;

    private const string Prefix = "preprocess";
    private static readonly float[] Luma = [0.299f, 0.587f, 0.114f];

    /// <summary>A copy of <paramref name="model"/>.</summary>
    /// <param name="model">A deployed model with one float32 input [batch, channels, height, width].</param>
    /// <param name="preprocessing">What its input is made by.</param>
    /// <exception cref="ModelException">Its input is another.</exception>
    public static OnnxModel Apply(OnnxModel model, Preprocessing preprocessing)
    {
        var result = model.Clone();
        var graph = result.Graph;
        var input = ImageInput.Find(result).Input;
        var batch = TensorInfo.From(input)!.Shape![0];
        var front = Build(preprocessing, batch, model.Opset);
        // Its names must not be those of values of the model.
        var names = front.Node.SelectMany(n => n.Output).Concat(front.Initializer.Select(t => t.Name)).ToDictionary(n => n, n => GraphEdits.FreshName(graph, $"{Prefix}.{n}"));
        names[Input] = GraphEdits.FreshName(graph, Input);
        names[front.Output[0].Name] = input.Name;
        foreach (var node in front.Node)
        {
            node.Name = $"{Prefix}/{node.Name}";
            for (var i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = names.GetValueOrDefault(node.Input[i], node.Input[i]);
            }

            for (var i = 0; i < node.Output.Count; i++)
            {
                node.Output[i] = names[node.Output[i]];
            }
        }

        foreach (var tensor in front.Initializer)
        {
            tensor.Name = names[tensor.Name];
            graph.Initializer.Add(tensor);
        }

        GraphEdits.Replace(graph.Node, [.. front.Node, .. graph.Node]);
        graph.Input[graph.Input.IndexOf(input)] = new ValueInfoProto(front.Input[0]) { Name = names[Input] };
        ModelChecker.Check(result);
        return result;
    }

    private static GraphProto Build(Preprocessing p, Dim batch, int opset)
    {
        var g = new GraphBuilder(Prefix, opset);
        var pixels = g.Input(Input, DataType.Uint8, batch, "height", "width", 3);
        var x = Cast(g, pixels, DataType.Float);
        if (p.Channels == 1)
        {
            var weights = g.Initializer(TensorProtoExtensions.Float("luma", [3, 1], Luma));
            x = g.Node("Round", [g.MatMul(x, weights)]);
        }

        x = g.Transpose(x, 0, 3, 1, 2);
        var (height, width) = (g.SizeOf(pixels, 1), g.SizeOf(pixels, 2));
        var (coverHeight, coverWidth) = (g.Int64s((int)(p.Height / p.CropFraction)), g.Int64s((int)(p.Width / p.CropFraction)));
        // The side that needs the larger scale gets its size exactly; the other follows, cut to whole pixels.
        var toHeight = g.Node("Max", [coverHeight, g.Node("Div", [g.Mul(coverWidth, height), width])]);
        var toWidth = g.Node("Max", [coverWidth, g.Node("Div", [g.Mul(coverHeight, width), height])]);
        x = Resize(g, x, g.Concat(0, g.Node("Shape", [x], ("start", 0), ("end", 2)), toHeight, toWidth), p.Interpolation);
        // Pixels are bytes again, as after any resize of a picture: a cubic goes beyond them.
        x = g.Node("Round", [g.Node("Clip", [x, g.Float(0), g.Float(byte.MaxValue)])]);
        var (top, left) = (Margin(g, toHeight, p.Height), Margin(g, toWidth, p.Width));
        var start = g.Concat(0, top, left);
        x = g.Node("Slice", [x, start, g.Add(start, g.Int64s(p.Height, p.Width)), g.Int64s(2, 3)]);
        var scale = g.Initializer(TensorProtoExtensions.Float("scale", [p.Channels, 1, 1], [.. p.Std.Select(std => (float)(1 / (255.0 * std)))]));
        var offset = g.Initializer(TensorProtoExtensions.Float("offset", [p.Channels, 1, 1], [.. p.Mean.Zip(p.Std, (mean, std) => (float)(-(double)mean / std))]));
        x = g.Add(g.Mul(x, scale), offset);
        // The places of the crop are computed, its size is known.
        x = g.Reshape(x, 0, p.Channels, p.Height, p.Width);
        g.Output(x);
        return g.Build().Graph;
    }

    private static Value Resize(GraphBuilder g, Value x, Value sizes, Interpolation interpolation)
    {
        List<(string, object)> attributes = interpolation == Interpolation.Nearest
            ? [("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")]
            : [("mode", interpolation == Interpolation.Bicubic ? "cubic" : "linear"), ("coordinate_transformation_mode", "half_pixel")];
        var antialias = g.Opset >= AntialiasOpset && interpolation != Interpolation.Nearest;
        if (antialias)
        {
            attributes.Add(("antialias", 1));
        }

        if (interpolation == Interpolation.Bicubic)
        {
            // PIL's and PyTorch's coefficient with antialias, and OpenCV's and PyTorch's without.
            attributes.Add(("cubic_coeff_a", antialias ? -0.5f : -0.75f));
        }

        return g.Node("Resize", [x, null, null, sizes], [.. attributes]);
    }

    /// <summary>What is cut off at the top or left: half of what is too much, ties to even, as Python rounds.</summary>
    private static Value Margin(GraphBuilder g, Value length, int kept)
    {
        var excess = Cast(g, g.Node("Sub", [length, g.Int64s(kept)]), DataType.Float);
        return Cast(g, g.Node("Round", [g.Mul(excess, g.Float(0.5f))]), DataType.Int64);
    }

    private static Value Cast(GraphBuilder g, Value x, DataType type) => g.Node("Cast", [x], ("to", (int)type));
}
