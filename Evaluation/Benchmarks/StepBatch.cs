namespace OneFractal.Evaluation;

/// <summary>The images and targets of every step: noise, and one class after the other.</summary>
internal sealed class StepBatch
{
    public StepBatch(StepSubject subject)
    {
        var random = new RandomStream(7);
        Shape = [subject.Batch, 3, subject.ImageSize, subject.ImageSize];
        Pixels = [.. Enumerable.Range(0, (int)Shape.Aggregate(1L, (p, d) => p * d)).Select(_ => (float)random.NextGaussian())];
        Targets = new float[subject.Batch * StepSubject.Classes];
        for (var row = 0; row < subject.Batch; row++)
        {
            Targets[row * StepSubject.Classes + row % StepSubject.Classes] = 1;
        }
    }

    public long[] Shape { get; }

    public float[] Pixels { get; }

    public float[] Targets { get; }
}
