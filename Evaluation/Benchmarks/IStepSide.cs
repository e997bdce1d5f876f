namespace OneFractal.Evaluation;

/// <summary>One of two ways to train the same network.</summary>
internal interface IStepSide : IDisposable
{
    /// <summary>One train step, to its end: the loss is read.</summary>
    void Step(int step);

    /// <summary>Logits of the batch, as scoring computes them.</summary>
    float[] Logits();
}
