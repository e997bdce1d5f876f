using OneFractal.Common;

namespace OneFractal.Data.Transforms;

/// <summary>Mixup and CutMix of a batch with itself in reverse order, as timm does (one choice for the whole batch).</summary>
public sealed record MixSettings
{
    /// <summary>α of Mixup's Beta(α, α); 0 turns Mixup off.</summary>
    public double MixupAlpha { get; init; } = 0.8;

    /// <summary>α of CutMix's Beta(α, α); 0 turns CutMix off.</summary>
    public double CutMixAlpha { get; init; } = 1.0;

    /// <summary>Chance that a batch is mixed at all.</summary>
    public double Probability { get; init; } = 1.0;

    /// <summary>Chance of CutMix instead of Mixup where both are on.</summary>
    public double SwitchProbability { get; init; } = 0.5;

    /// <exception cref="UsageException">A setting is out of range.</exception>
    internal void Validate()
    {
        if (!(MixupAlpha >= 0 && CutMixAlpha >= 0 && Probability is >= 0 and <= 1 && SwitchProbability is >= 0 and <= 1))
        {
            throw new UsageException($"Mixup and CutMix need alphas of at least 0 and chances in [0, 1]: {this}.");
        }
    }
}
