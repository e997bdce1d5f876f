using OneFractal.Data.Loading;

namespace OneFractal.Training;

/// <summary>Scores a model on every image of a data set once, in evaluation mode.</summary>
internal static class Scoring
{
    public static Score Score(ITrainingBackend backend, BatchLoader images, int classes, CancellationToken cancellation)
    {
        double loss = 0;
        int correct = 0, count = 0;
        var logits = Array.Empty<float>();
        foreach (var batch in images.Pass(cancellation))
        {
            using (batch)
            {
                Array.Resize(ref logits, batch.Count * classes);
                backend.Evaluate(batch.Pixels.Span, logits);
                for (var i = 0; i < batch.Count; i++)
                {
                    var row = logits.AsSpan(i * classes, classes);
                    var label = batch.Labels.Span[i];
                    correct += LogitRow.ArgMax(row) == label ? 1 : 0;
                    loss += LogitRow.CrossEntropy(row, label);
                }

                count += batch.Count;
            }
        }

        return new Score(loss / count, correct / (double)count, count);
    }
}
