using System.Globalization;

namespace OneFractal.Training;

/// <summary>
/// A run's state after a step, in one file that is replaced atomically: weights and optimizer moments. The rest of a run's state (schedule, data order,
/// augmentation, dropout) is a function of the seed and the step, so the step is all that need be kept of it.
/// </summary>
internal static class Checkpoint
{
    private const string StepKey = "step";
    private const string FingerprintKey = "run";

    public static void Save(RunFolder run, ITrainingBackend backend, long step, string fingerprint)
    {
        var metadata = new Dictionary<string, string> { [StepKey] = step.ToString(CultureInfo.InvariantCulture), [FingerprintKey] = fingerprint };
        SafeTensorsFile.Write(run.CheckpointState, backend.SaveState().Values, metadata);
    }

    /// <summary>Restores the last checkpoint, if there is one; returns the steps done.</summary>
    /// <exception cref="OneFractalException">The checkpoint is damaged, or of a run with other settings.</exception>
    public static long Restore(RunFolder run, ITrainingBackend backend, string fingerprint)
    {
        if (!File.Exists(run.CheckpointState))
        {
            return 0;
        }

        var (tensors, metadata) = SafeTensorsFile.Read(run.CheckpointState);
        if (metadata.GetValueOrDefault(FingerprintKey) != fingerprint)
        {
            throw new TrainingException($"'{run.CheckpointState}' is of a run with other settings than '{run.RunYaml}': start a new run in another folder.");
        }

        if (!long.TryParse(metadata.GetValueOrDefault(StepKey), NumberStyles.None, CultureInfo.InvariantCulture, out var step))
        {
            throw new TrainingException($"'{run.CheckpointState}' does not say its step: it is not a checkpoint of OneFractal.");
        }

        backend.RestoreState(tensors);
        return step;
    }
}
