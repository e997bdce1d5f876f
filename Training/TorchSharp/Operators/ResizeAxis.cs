namespace OneFractal.Training;

/// <summary>
/// How Resize maps one axis: which elements of the input each element of the output takes, and with which weights, as the operator's
/// specification defines them.
/// </summary>
/// <param name="Input">Length before.</param>
/// <param name="Output">Length after.</param>
/// <param name="Scale">Output per input, as given or as the lengths say.</param>
/// <param name="Roi">First and last place of the region, for tf_crop_and_resize.</param>
internal sealed record ResizeAxis(long Input, long Output, double Scale, (double Start, double End) Roi)
{
    /// <summary>Whether every element stays as it is.</summary>
    public bool IsIdentity(string coordinates) => Input == Output && Math.Abs(Scale - 1) < 1e-9 && coordinates != "tf_crop_and_resize";

    /// <summary>The place in the input, in elements, of an output's element.</summary>
    public double Place(string coordinates, long i)
    {
        // The length that the scale asks for, before it is cut to a whole number.
        var length = Scale * Input;
        return coordinates switch
        {
            "half_pixel" => (i + 0.5) / Scale - 0.5,
            "pytorch_half_pixel" => Output > 1 ? (i + 0.5) / Scale - 0.5 : 0,
            "half_pixel_symmetric" => Input / 2.0 * (1 - Output / length) + (i + 0.5) / Scale - 0.5,
            "align_corners" => Output == 1 ? 0 : i * (Input - 1) / (length - 1),
            "asymmetric" => i / Scale,
            "tf_half_pixel_for_nn" => (i + 0.5) / Scale,
            "tf_crop_and_resize" => Output > 1
                ? Roi.Start * (Input - 1) + i * (Roi.End - Roi.Start) * (Input - 1) / (Output - 1)
                : 0.5 * (Roi.Start + Roi.End) * (Input - 1),
            _ => throw new ArgumentException($"Unknown coordinates '{coordinates}'."),
        };
    }

    /// <summary>The nearest element of the input to each place.</summary>
    public long[] Nearest(string coordinates, string rounding)
    {
        var result = new long[Output];
        for (var i = 0; i < Output; i++)
        {
            // On a tie, the rounding of the division must not decide.
            var place = Place(coordinates, i);
            var tie = Math.Round(2 * place) / 2;
            place = Math.Abs(place - tie) < 1e-5 ? tie : place;
            var nearest = rounding switch
            {
                "floor" => Math.Floor(place),
                "ceil" => Math.Ceiling(place),
                "round_prefer_ceil" => Math.Floor(place + 0.5),
                _ => Math.Ceiling(place - 0.5),
            };
            result[i] = (long)Math.Clamp(nearest, 0, Input - 1);
        }

        return result;
    }

    /// <summary>Weights [output, input], row-major.</summary>
    /// <param name="coordinates">The transformation's name.</param>
    /// <param name="cubic">Cubic convolution with that coefficient; null for linear.</param>
    /// <param name="antialias">Whether the filter is stretched when the axis shrinks.</param>
    /// <param name="excludeOutside">Whether elements outside do not count; otherwise the outermost repeat.</param>
    public double[] Weights(string coordinates, double? cubic, bool antialias, bool excludeOutside)
    {
        SizeLimit.Require((double)Output * Input);
        var weights = new double[Output * Input];
        var stretch = antialias ? Math.Min(Scale, 1) : 1;
        double radius = (cubic is null ? 1 : 2) / stretch;
        for (var i = 0; i < Output; i++)
        {
            var place = Place(coordinates, i);
            var row = weights.AsSpan((int)(i * Input), (int)Input);
            double sum = 0;
            for (var j = (long)Math.Ceiling(place - radius); j <= place + radius; j++)
            {
                var weight = Filter((j - place) * stretch, cubic);
                if (excludeOutside && (j < 0 || j >= Input))
                {
                    continue;
                }

                row[(int)Math.Clamp(j, 0, Input - 1)] += weight;
                sum += weight;
            }

            foreach (ref var weight in row)
            {
                weight /= sum;
            }
        }

        return weights;
    }

    /// <summary>Outputs whose place is outside the input.</summary>
    public long[] Outside(string coordinates)
    {
        return [.. Enumerable.Range(0, (int)Output).Select(i => (long)i).Where(i => Place(coordinates, i) is var place && (place < 0 || place > Input - 1))];
    }

    private static double Filter(double x, double? cubic)
    {
        x = Math.Abs(x);
        return cubic is not { } a ? Math.Max(0, 1 - x)
            : x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1
            : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
            : 0;
    }
}
