using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OneFractal.Training;

/// <summary>
/// A run's state after a step, in one file that is replaced atomically: weights, running statistics, optimizer moments, moving averages, and the best
/// weights so far where they are kept. The rest of a
/// run's state (schedule, data order, augmentation, dropout) is a function of the seed and the step, so the step is all that need be kept of it.
/// </summary>
internal static class Checkpoint
{
    private const string StepKey = "step";
    private const string FingerprintKey = "run";
    private const string DigestKey = "sha256";

    public static void Save(RunFolder run, ITrainingBackend backend, BestWeights? best, long step, string fingerprint)
    {
        var state = new Dictionary<string, TensorProto>(backend.SaveState());
        foreach (var (name, tensor) in best?.Tensors ?? new Dictionary<string, TensorProto>())
        {
            state[StateNames.Best(name)] = new TensorProto(tensor) { Name = StateNames.Best(name) };
        }

        var metadata = new Dictionary<string, string> { [StepKey] = step.ToString(CultureInfo.InvariantCulture), [FingerprintKey] = fingerprint };
        metadata[DigestKey] = Digest(state, metadata[StepKey]);
        SafeTensorsFile.Write(run.CheckpointState, state.Values, metadata);
    }

    /// <summary>Restores the last checkpoint, if there is one; returns the steps done, and the best weights until then, if they were kept.</summary>
    /// <exception cref="OneFractalException">The checkpoint is damaged, or of a run with other settings.</exception>
    public static (long Step, Dictionary<string, TensorProto> Best) Restore(RunFolder run, ITrainingBackend backend, string fingerprint)
    {
        if (!File.Exists(run.CheckpointState))
        {
            return (0, new Dictionary<string, TensorProto>());
        }

        var (tensors, metadata) = SafeTensorsFile.Read(run.CheckpointState);
        if (!long.TryParse(metadata.GetValueOrDefault(StepKey), NumberStyles.None, CultureInfo.InvariantCulture, out var step)
            || !metadata.TryGetValue(FingerprintKey, out var owner) || !metadata.TryGetValue(DigestKey, out var digest))
        {
            throw new TrainingException($"'{run.CheckpointState}' is not a checkpoint of OneFractal: put the run's own back, or start a new run in another folder.");
        }

        if (owner != fingerprint)
        {
            throw new TrainingException($"'{run.CheckpointState}' is of a run with other settings than '{run.RunYaml}': start a new run in another folder.");
        }

        if (digest != Digest(tensors, metadata[StepKey]))
        {
            throw new TrainingException($"'{run.CheckpointState}' is damaged: its values are not those that were written. Start a new run in another folder.");
        }

        backend.RestoreState(tensors);
        return (step, StateNames.BestWeights(tensors));
    }

    /// <summary>SHA-256 of the step and every tensor: safetensors has no sum of its own, and a flipped bit in a weight would go unnoticed.</summary>
    private static string Digest(IReadOnlyDictionary<string, TensorProto> tensors, string step)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(step));
        foreach (var (name, tensor) in tensors.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"\n{name} {tensor.DataType} {string.Join(' ', tensor.Dims)}\n"));
            hash.AppendData(tensor.ToBytes().Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
