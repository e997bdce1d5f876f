using OneFractal.Data;
using OneFractal.Data.Loading;
using OneFractal.Data.Transforms;

namespace OneFractal.Evaluation;

/// <summary>
/// Measures on real images between what values the activations of a model lie. The range is that of all but the outermost 0.01 % of the values (a percentile of
/// 99.99, half of it cut at each end), which a few outliers do not widen as they do with the least and the largest value: a first pass finds these, a second
/// counts in 2048 bins between them.
/// </summary>
internal static class RangeCalibration
{
    private const double Cut = 0.5e-4;
    private const int Bins = 2048;
    private const int BatchPixels = 16 * 64 * 64;

    /// <summary>The ranges of the values that static quantisation asks for.</summary>
    /// <param name="model">A deployed model of float32.</param>
    /// <param name="images">Real images.</param>
    /// <param name="preprocessing">How they are fed.</param>
    /// <param name="progress">Told the images that are done.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ModelException">A value is not finite, or there is nothing to quantise.</exception>
    public static IReadOnlyDictionary<string, ActivationRange> Measure(
        OnnxModel model, IImageDataset images, Preprocessing preprocessing, IProgressReporter progress, CancellationToken cancellation)
    {
        var names = StaticQuantization.Activations(model);
        var watched = model.Clone();
        var infos = ShapeInference.InferAll(watched);
        watched.Graph.Output.Clear();
        // The input itself is measured from the pixels.
        var input = OutputReader.Input(watched).Name;
        string[] computed = [.. names.Where(n => n != input)];
        foreach (var name in computed)
        {
            watched.Graph.Output.Add(infos[name].ToProto(name));
        }

        if (computed.Length == 0)
        {
            watched.Graph.Output.Add(model.Graph.Output[0].Clone());
        }

        using var reader = OutputReader.Open(watched);
        var loader = new LoaderSettings { BatchSize = Math.Clamp(BatchPixels / (preprocessing.Height * preprocessing.Width), 1, 32) };
        using var task = progress.Start("Calibrating", 2 * images.Count);
        var done = 0;
        void Pass(Action<string, ReadOnlySpan<float>> visit)
        {
            foreach (var batch in new BatchLoader(images, new EvaluationTransform(preprocessing), loader).Pass(cancellation))
            {
                using (batch)
                {
                    var outputs = reader.Run(batch.Pixels, batch.Count);
                    for (var i = 0; i < computed.Length; i++)
                    {
                        visit(computed[i], outputs[i]);
                    }

                    if (names.Contains(input))
                    {
                        visit(input, batch.Pixels.Span);
                    }

                    task.Report(done += batch.Count);
                }
            }
        }

        var extremes = names.ToDictionary(n => n, _ => (Low: float.PositiveInfinity, High: float.NegativeInfinity));
        Pass((name, values) =>
        {
            var (low, high) = extremes[name];
            foreach (var value in values)
            {
                if (!float.IsFinite(value))
                {
                    throw new ModelException($"'{model.Source}': '{name}' is not finite on an image to calibrate on.");
                }

                low = Math.Min(low, value);
                high = Math.Max(high, value);
            }

            extremes[name] = (low, high);
        });

        var counts = names.ToDictionary(n => n, _ => new long[Bins]);
        Pass((name, values) =>
        {
            var (low, high) = extremes[name];
            var perBin = high > low ? Bins / ((double)high - low) : 0;
            var bins = counts[name];
            foreach (var value in values)
            {
                bins[Math.Min((int)((value - low) * perBin), Bins - 1)]++;
            }
        });

        return names.ToDictionary(n => n, n => Range(counts[n], extremes[n].Low, extremes[n].High));
    }

    private static ActivationRange Range(long[] counts, float low, float high)
    {
        var most = (long)(counts.Sum() * Cut);
        var (first, last) = (0, Bins - 1);
        for (var cut = counts[first]; cut <= most && first < last; cut += counts[first])
        {
            first++;
        }

        for (var cut = counts[last]; cut <= most && last > first; cut += counts[last])
        {
            last--;
        }

        var bin = ((double)high - low) / Bins;
        return new ActivationRange((float)(low + first * bin), last == Bins - 1 ? high : (float)(low + (last + 1) * bin));
    }
}
