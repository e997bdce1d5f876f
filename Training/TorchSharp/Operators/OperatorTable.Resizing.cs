using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Resizing() =>
    [
        new("Upsample", 7, c =>
        {
            double[] scales = [.. (c.Floats("scales") ?? throw c.Error("has no scales")).Select(f => (double)f)];
            return CompileResize(c, _ => scales, null, "asymmetric", "floor");
        }, Until: 8),
        new("Upsample", 9, c => CompileResize(c, c.Numbers(1), null, "asymmetric", "floor"), Until: 9),
        new("Resize", 10, c => CompileResize(c, c.Numbers(1), null, "asymmetric", "floor")),
        new("Resize", 11, c => CompileResize(
            c,
            c.Numbers(2),
            c.Integers(3),
            c.Choice(
                "coordinate_transformation_mode", "half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "align_corners", "asymmetric",
                "tf_half_pixel_for_nn", "tf_crop_and_resize"),
            c.Choice("nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"))),
        new("GridSample", 16, CompileGridSample),
        new("AffineGrid", 20, c =>
        {
            var (size, corners) = (c.Integers(1)!, c.Flag("align_corners"));
            return (inputs, _) => [functional.affine_grid(inputs[0]!, size(inputs), corners)];
        }),
    ];

    private static Kernel CompileGridSample(NodeContext c)
    {
        // Opset 20 renamed the modes; torch's own function has no cubic one here.
        var mode = c.Choice("mode", c.Opset >= 20 ? "linear" : "bilinear", "nearest") == "nearest" ? GridSampleMode.Nearest : GridSampleMode.Bilinear;
        var corners = c.Flag("align_corners");
        var padding = c.Choice("padding_mode", "zeros", "border", "reflection") switch
        {
            "zeros" => GridSamplePaddingMode.Zeros,
            "border" => GridSamplePaddingMode.Border,
            _ => GridSamplePaddingMode.Reflection,
        };
        return (inputs, _) => [functional.grid_sample(inputs[0]!, inputs[1]!, mode, padding, corners)];
    }

    private static Kernel CompileResize(
        NodeContext c, Func<Tensor?[], double[]>? scales, Func<Tensor?[], long[]>? sizes, string coordinates, string rounding)
    {
        var mode = c.Choice("mode", "nearest", "linear", "bilinear", "cubic");
        var roi = coordinates == "tf_crop_and_resize" ? c.Numbers(1) : null;
        var policy = c.Choice("keep_aspect_ratio_policy", "stretch", "not_larger", "not_smaller");
        var (antialias, excludeOutside) = (c.Flag("antialias"), c.Flag("exclude_outside"));
        var cubic = mode == "cubic" ? c.Float("cubic_coeff_a", -0.75f) : (float?)null;
        var (outside, named) = (c.Float("extrapolation_value", 0), c.Ints("axes"));
        if (mode != "nearest" && c.Info(0) is { Type: not (DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16) } info)
        {
            throw c.Error($"mode {mode} of {info.Type} is not supported; floating-point numbers are");
        }

        return (inputs, _) =>
        {
            var x = inputs[0]!;
            var axes = ResizedAxes(x, scales?.Invoke(inputs) ?? [], sizes?.Invoke(inputs) ?? [], roi?.Invoke(inputs) ?? [], named, policy);
            SizeLimit.Require(axes.Aggregate((double)x.numel(), (product, a) => product / Math.Max(1, a.Axis.Input) * a.Axis.Output));
            if (mode != "nearest" && !antialias && !excludeOutside && cubic is null or -0.75f && Interpolate(x, axes, mode, coordinates) is { } direct)
            {
                return [direct];
            }

            using var scope = NewDisposeScope();
            var result = x.alias();
            foreach (var (dim, axis) in axes)
            {
                if (axis.IsIdentity(coordinates))
                {
                    continue;
                }

                if (mode == "nearest")
                {
                    result = result.index_select(dim, tensor(axis.Nearest(coordinates, rounding), device: x.device));
                }
                else
                {
                    var weights = tensor(axis.Weights(coordinates, cubic, antialias, excludeOutside), [axis.Output, axis.Input], dtype: x.dtype, device: x.device);
                    result = nn.functional.linear(result.transpose(dim, -1), weights).transpose(dim, -1);
                }

                if (coordinates == "tf_crop_and_resize" && axis.Outside(coordinates) is { Length: > 0 } places)
                {
                    result = result.index_fill(dim, tensor(places, device: x.device), outside);
                }
            }

            return Keep([result]);
        };
    }

    /// <summary>The axes that are resized, and how.</summary>
    private static List<(int Dim, ResizeAxis Axis)> ResizedAxes(Tensor x, double[] scales, long[] sizes, double[] roi, long[]? named, string policy)
    {
        int[] dims = named is null ? [.. Enumerable.Range(0, (int)x.Dimensions)] : [.. named.Select(a => Positive(a, x.Dimensions))];
        var shape = x.shape;
        double? common = sizes.Length == 0 || policy == "stretch" ? null
            : policy == "not_larger" ? dims.Select((d, i) => (double)sizes[i] / shape[d]).Min()
            : dims.Select((d, i) => (double)sizes[i] / shape[d]).Max();
        return [.. dims.Select((dim, i) =>
        {
            var length = shape[dim];
            (double, double) region = roi.Length > 0 ? (roi[i], roi[i + dims.Length]) : (0, 1);
            if (sizes.Length == 0)
            {
                return (dim, new ResizeAxis(length, (long)Math.Floor(length * scales[i] + 1e-6 * length), scales[i], region));
            }

            var output = common is { } s ? (long)Math.Floor(s * length + 0.5) : sizes[i];
            return (dim, new ResizeAxis(length, output, common ?? (double)output / length, region));
        })];
    }

    /// <summary>torch's own bilinear and bicubic where they compute the same.</summary>
    private static Tensor? Interpolate(Tensor x, List<(int Dim, ResizeAxis Axis)> axes, string mode, string coordinates)
    {
        var resized = axes.Where(a => !a.Axis.IsIdentity(coordinates)).ToList();
        var same = coordinates is "half_pixel" or "pytorch_half_pixel" or "align_corners" && x.Dimensions == 4 && resized.All(a =>
            a.Dim >= 2 && a.Axis.Output > 1 && Math.Abs(a.Axis.Scale * a.Axis.Input - a.Axis.Output) < 1e-9 * a.Axis.Output);
        if (!same)
        {
            return null;
        }

        var shape = x.shape;
        foreach (var (dim, axis) in resized)
        {
            shape[dim] = axis.Output;
        }

        return functional.interpolate(
            x, shape[2..], mode: mode == "cubic" ? InterpolationMode.Bicubic : InterpolationMode.Bilinear, align_corners: coordinates == "align_corners");
    }
}
