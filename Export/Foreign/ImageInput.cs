namespace OneFractal.Export;

/// <summary>The graph input that takes the images, brought to float32 [batch, channels, height, width] in R, G, B order.</summary>
internal static class ImageInput
{
    private const int DefaultSize = 224;
    private static readonly float[] ImageNetMean = [0.485f, 0.456f, 0.406f], ImageNetStd = [0.229f, 0.224f, 0.225f];

    /// <summary>The one input that is not an initializer, as images.</summary>
    /// <exception cref="ModelException">There is another number of inputs, or it is not four-dimensional floats.</exception>
    public static (ValueInfoProto Input, bool ChannelsLast) Find(OnnxModel model)
    {
        var initializers = model.Graph.Initializer.Select(t => t.Name).ToHashSet();
        var inputs = model.Graph.Input.Where(i => !initializers.Contains(i.Name)).ToArray();
        if (inputs is not [var input])
        {
            throw new ModelException($"'{model.Source}' has {inputs.Length} inputs ({string.Join(", ", inputs.Select(i => i.Name))}); a model of images has one.");
        }

        var info = TensorInfo.From(input);
        var isFloat = info?.Type is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double;
        return info?.Shape switch
        {
            [_, { Value: 1 or 3 }, _, _] when isFloat => (input, false),
            [_, _, _, { Value: 1 or 3 }] when isFloat => (input, true),
            [_, { Value: null }, _, { Value: not null }] or [_, { Value: null }, { Value: null }, { Value: null }] when isFloat => (input, false),
            _ => throw new ModelException($"'{model.Source}': its input '{input.Name}' is {info?.ToString() ?? "not a tensor"}, not images as float[batch, 1 or 3, height, width]."),
        };
    }

    /// <summary>Changes the input to what <see cref="Preprocessing"/> describes, which is returned; adds what was done to <paramref name="notes"/>.</summary>
    /// <exception cref="UsageException">Settings that do not fit the graph.</exception>
    /// <exception cref="ModelException">See <see cref="Find"/>.</exception>
    public static Preprocessing Apply(OnnxModel model, ForeignModelSettings settings, List<string> notes)
    {
        var (input, channelsLast) = Find(model);
        var shape = TensorInfo.From(input)!.Shape!;
        var (c, h, w) = channelsLast ? (shape[3], shape[1], shape[2]) : (shape[1], shape[2], shape[3]);
        var (channels, height, width) = ((int)(c.Value ?? 3), Length(h), Length(w));
        Set(input, channelsLast ? [shape[0], height, width, channels] : [shape[0], channels, height, width]);
        if (channelsLast)
        {
            Prepend(model, input, "Transpose", [shape[0], channels, height, width]).Set("perm", new long[] { 0, 2, 3, 1 });
            notes.Add($"input: '{input.Name}' has its channels last; a Transpose in front takes images with channels first");
        }

        if (settings.Bgr && channels == 3)
        {
            var order = GraphEdits.FreshName(model.Graph, "bgr");
            model.Graph.Initializer.Add(TensorProtoExtensions.Int64(order, [3], [2, 1, 0]));
            var gather = Prepend(model, ImageInput.Find(model).Input, "Gather", [shape[0], channels, height, width]);
            gather.Input.Add(order);
            gather.Set("axis", 1);
            notes.Add("input: a Gather in front turns R, G, B into B, G, R");
        }

        var preprocessing = Describe(settings, channels, height, width);
        notes.Add(FormattableString.Invariant(
            $"preprocessing: {width}x{height}, {(channels == 1 ? "grey" : settings.Bgr ? "BGR" : "RGB")}, pixels 0 to {settings.PixelMax:0.###}, mean {Numbers(preprocessing.Mean)}, std {Numbers(preprocessing.Std)} {(settings.Mean is null && settings.Std is null ? "(assumed: the file does not say; see --mean, --std, --size, --pixel-max, --bgr)" : "(as given)")}"));
        return preprocessing;

        string Numbers(float[] values)
        {
            return string.Join(' ', values.Select(v => (v * settings.PixelMax).ToString("0.####", System.Globalization.CultureInfo.InvariantCulture)));
        }

        int Length(Dim dim)
        {
            return (int)(dim.Value ?? settings.Size ?? DefaultSize);
        }
    }

    /// <summary>
    /// Gives the input of a model of images one shape, of one image where it takes any number, and forgets the shapes that the file declares. Other models
    /// stay as they are.
    /// </summary>
    /// <returns>The number of images.</returns>
    public static long FixShape(OnnxModel model)
    {
        var initializers = model.Graph.Initializer.Select(t => t.Name).ToHashSet();
        if (model.Graph.Input.Where(i => !initializers.Contains(i.Name)).ToArray() is not [var input] || TensorInfo.From(input) is not { Shape: [var batch, var a, var b, var c] })
        {
            return 1;
        }

        var last = a.Value is not (1 or 3) && c.Value is 1 or 3;
        Set(input, [batch.Value ?? 1, a.Value ?? (last ? DefaultSize : 3), b.Value ?? DefaultSize, c.Value ?? DefaultSize]);
        model.Graph.ValueInfo.Clear();
        foreach (var output in model.Graph.Output.Where(o => o.Type?.TensorType is not null))
        {
            output.Type.TensorType.Shape = null;
        }

        return Math.Max(1, batch.Value ?? 1);
    }

    private static Preprocessing Describe(ForeignModelSettings settings, int channels, int height, int width)
    {
        if (settings.PixelMax is not (> 0 and <= 65535))
        {
            throw new UsageException($"--pixel-max {settings.PixelMax} is not the brightness of a pixel: use 1 or 255.");
        }

        var unit = settings.PixelMax == 1;
        float[] Values(float[]? given, string option, float[] imageNet, float other)
        {
            var values = given ?? (unit && channels == 3 ? imageNet : unit ? [imageNet.Average()] : [.. Enumerable.Repeat(other, channels)]);
            values = values.Length == 1 ? [.. Enumerable.Repeat(values[0], channels)] : values;
            return values.Length == channels && values.All(v => float.IsFinite(v) && (v > 0 || option == "--mean"))
                ? [.. values.Select(v => (float)(v / settings.PixelMax))]
                : throw new UsageException($"{option} takes {(channels == 1 ? "one number" : $"one number or {channels}")}{(option == "--std" ? " above 0" : "")}, as in {option} {string.Join(',', imageNet.Take(channels).Select(v => v.ToString(System.Globalization.CultureInfo.InvariantCulture)))}.");
        }

        return new Preprocessing(channels, height, width)
        {
            Mean = Values(settings.Mean, "--mean", ImageNetMean, 0),
            Std = Values(settings.Std, "--std", ImageNetStd, 1),
            // The usual evaluation on ImageNet: 256 pixels, of which 224 are kept.
            CropFraction = 0.875,
        };
    }

    /// <summary>Puts a node between the graph's input, which gets a new name and shape, and those that read it.</summary>
    private static NodeProto Prepend(OnnxModel model, ValueInfoProto input, string opType, Dim[] shape)
    {
        var node = GraphEdits.MakeNode(opType, input.Name, GraphEdits.FreshName(model.Graph, "images"));
        model.Graph.Node.Insert(0, node);
        input.Name = node.Input[0];
        Set(input, shape);
        return node;
    }

    private static void Set(ValueInfoProto input, Dim[] shape) => input.Type = (TensorInfo.From(input)! with { Shape = shape }).ToProto(input.Name).Type;
}
