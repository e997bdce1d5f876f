namespace OneFractal.Evaluation;

/// <summary>The time of runs over that of others which took turns with them.</summary>
/// <param name="What">Model and binding.</param>
/// <param name="Against">Those that they are held against.</param>
/// <param name="Device">Where both ran.</param>
/// <param name="Threads">Threads asked for; 0 leaves it to ONNX Runtime.</param>
/// <param name="Batch">Images in a run.</param>
/// <param name="Ratio">Median time over median time of the same round, over the rounds: below 1 is faster.</param>
public sealed record InferenceRatio(string What, string Against, ComputeDevice Device, int Threads, int Batch, Interval Ratio)
{
    /// <summary>Each model against the first, bound; and each model's unbound runs against its bound ones.</summary>
    public static IReadOnlyList<InferenceRatio> Of(IReadOnlyList<InferenceFigures> runs)
    {
        var ratios = new List<InferenceRatio>();
        foreach (var group in runs.GroupBy(r => (r.Device, r.Threads, r.Batch)))
        {
            foreach (var binding in group.GroupBy(r => r.Binding))
            {
                ratios.AddRange(binding.Skip(1).Select(r => Of(r, binding.First())));
            }

            foreach (var model in group.GroupBy(r => r.Model))
            {
                ratios.AddRange(model.Skip(1).Select(r => Of(r, model.First())));
            }
        }

        return ratios;
    }

    private static InferenceRatio Of(InferenceFigures what, InferenceFigures against)
    {
        double[] rounds = [.. what.RoundMedians.Zip(against.RoundMedians, (w, a) => w / a)];
        return new InferenceRatio(Name(what), Name(against), what.Device, what.Threads, what.Batch, Interval.Of(rounds));
    }

    private static string Name(InferenceFigures figures) => $"{figures.Model}, {figures.Binding.ToString().ToLowerInvariant()}";
}
