using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// Exponential moving average of a module's parameters and running statistics: average ← d · average + (1 − d) · value, with
/// d = min(decay, (1 + step) / (10 + step)), so that the first steps, far from where training goes, are soon forgotten.
/// </summary>
internal sealed class WeightAverage(GraphModule module, double decay) : IDisposable
{
    public FlatState Parameters { get; } = module.Parameters.Copy();

    public FlatState Buffers { get; } = module.Buffers.Copy();

    /// <summary>Moves the average after step number <paramref name="step"/>, from 0.</summary>
    public void Update(GraphModule module, long step)
    {
        using var noGradient = no_grad();
        var weight = 1 - Math.Min(decay, (1.0 + step) / (10.0 + step));
        Parameters.Vector.lerp_(module.Parameters.Vector, weight);
        Buffers.Vector.lerp_(module.Buffers.Vector, weight);
    }

    public void Dispose()
    {
        Parameters.Dispose();
        Buffers.Dispose();
    }
}
