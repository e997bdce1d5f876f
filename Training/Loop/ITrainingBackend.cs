namespace OneFractal.Training;

/// <summary>
/// What computes training steps. The loop, the schedule, metrics and checkpoints know nothing of torch or ONNX Runtime; a state that one
/// backend saved can be restored by another.
/// </summary>
public interface ITrainingBackend : IDisposable
{
    /// <summary>Name as in <c>--backend</c>.</summary>
    string Name { get; }

    /// <summary>The device that computes, for people.</summary>
    string Device { get; }

    /// <summary>One optimizer step.</summary>
    /// <param name="pixels">Normalised images, [batch, channels, height, width].</param>
    /// <param name="targets">Soft targets, [batch, classes], each row summing to 1.</param>
    /// <param name="settings">Learning rate, step number and seed.</param>
    StepResult TrainStep(ReadOnlySpan<float> pixels, ReadOnlySpan<float> targets, StepSettings settings);

    /// <summary>Logits [batch, classes] in evaluation mode.</summary>
    void Evaluate(ReadOnlySpan<float> pixels, Span<float> logits);

    /// <summary>Parameters, buffers and optimizer state, under names that every backend shares.</summary>
    IReadOnlyDictionary<string, TensorProto> SaveState();

    /// <summary>Restores what <see cref="SaveState"/> returned.</summary>
    /// <exception cref="TrainingException">The state is of another model.</exception>
    void RestoreState(IReadOnlyDictionary<string, TensorProto> state);

    /// <summary>The model with the weights of now, without what was put in for training only.</summary>
    OnnxModel Export();
}
