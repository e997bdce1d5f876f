using OneFractal.Data.Loading;
using OneFractal.Data.Transforms;

namespace OneFractal.Evaluation;

/// <summary>Runs variants of a model on the same images in one pass, and holds their outputs against those of float32.</summary>
internal static class VariantComparison
{
    /// <summary>One result for each of <paramref name="variants"/>, whose first is float32.</summary>
    /// <exception cref="Data.DataException">An image cannot be read, or the classifier does not know a class of the data set.</exception>
    public static IReadOnlyList<VariantAgreement> Measure(
        IReadOnlyList<OnnxModel> variants, ExportImages images, Preprocessing preprocessing, bool isClassifier, IProgressReporter progress, CancellationToken cancellation)
    {
        var labels = variants[0].Metadata?.Labels ?? [];
        var places = images.IsLabelled && isClassifier && labels.Count > 0 ? TestSet.MatchClasses(labels, variants[0].Source, images.Test) : null;
        var readers = new List<OutputReader>();
        try
        {
            foreach (var variant in variants)
            {
                readers.Add(OutputReader.Open(variant));
            }

            Tally[] tallies = [.. variants.Select(_ => new Tally())];
            using var task = progress.Start("Comparing", images.Test.Count);
            var loader = LoaderSettings.ForEvaluation(preprocessing, new LoaderSettings().Workers);
            foreach (var batch in new BatchLoader(images.Test, new EvaluationTransform(preprocessing), loader).Pass(cancellation))
            {
                using (batch)
                {
                    var reference = readers[0].Run(batch.Pixels, batch.Count);
                    int[]? truth = places is null ? null : [.. batch.Labels.ToArray().Select(l => places[l])];
                    for (var i = 0; i < readers.Count; i++)
                    {
                        tallies[i].Add(i == 0 ? reference : readers[i].Run(batch.Pixels, batch.Count), reference, batch.Count, truth);
                    }

                    task.Report(tallies[0].Images);
                }
            }

            return [.. tallies.Select(t => t.Result(isClassifier, places is not null))];
        }
        finally
        {
            readers.ForEach(r => r.Dispose());
        }
    }

    private sealed class Tally
    {
        private int _correct, _same;
        private double _cosine, _max, _scale;

        public int Images { get; private set; }

        public void Add(float[][] actual, float[][] reference, int count, int[]? truth)
        {
            foreach (var (a, b) in actual.Zip(reference))
            {
                var comparison = OutputComparison.Of(a, b, count);
                _max = Math.Max(_max, comparison.MaxAbsolute);
                _scale = Math.Max(_scale, comparison.Scale);
            }

            var length = reference[0].Length / count;
            for (var i = 0; i < count; i++)
            {
                var a = actual[0].AsSpan(i * length, length);
                var b = reference[0].AsSpan(i * length, length);
                var predicted = LogitRow.ArgMax(a);
                _same += predicted == LogitRow.ArgMax(b) ? 1 : 0;
                _correct += truth is not null && predicted == truth[i] ? 1 : 0;
                _cosine += Cosine(a, b);
            }

            Images += count;
        }

        public VariantAgreement Result(bool isClassifier, bool isLabelled)
        {
            return new VariantAgreement(
                Images, isLabelled ? (double)_correct / Images : null, isClassifier ? (double)_same / Images : null, _cosine / Images, _max, _scale);
        }

        private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            double product = 0, squaresA = 0, squaresB = 0;
            for (var i = 0; i < a.Length; i++)
            {
                product += (double)a[i] * b[i];
                squaresA += (double)a[i] * a[i];
                squaresB += (double)b[i] * b[i];
            }

            return squaresA > 0 && squaresB > 0 ? product / Math.Sqrt(squaresA * squaresB) : squaresA == squaresB ? 1 : 0;
        }
    }
}
