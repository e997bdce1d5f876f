using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>A training backend, as pre-training and fine-tuning use it.</summary>
internal sealed class BackendSide(ITrainingBackend backend, StepBatch batch) : IStepSide
{
    public void Step(int step) => backend.TrainStep(batch.Pixels, batch.Targets, new StepSettings(step, 1e-4, 1));

    public float[] Logits()
    {
        var result = new float[batch.Targets.Length];
        backend.Evaluate(batch.Pixels, result);
        return result;
    }

    public void Dispose() => backend.Dispose();
}
