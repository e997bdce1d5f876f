using Microsoft.ML.OnnxRuntime;

namespace OneFractal.Training;

/// <summary>Parameters that lie side by side and move by the same weight decay and learning rate, with their gradients and all that an optimizer keeps of them.</summary>
/// <param name="Length">Elements of each of the values: a multiple of <see cref="Alignment"/>.</param>
/// <param name="Values">Parameters, gradients and the rest, float32 [Length], under the names of <see cref="OptimizerGraph"/>.</param>
/// <param name="Decay">Weight decay.</param>
/// <param name="Scale">Factor on the learning rate.</param>
internal sealed record ParameterRow(long Length, IReadOnlyDictionary<string, OrtValue> Values, float Decay, double Scale)
{
    /// <summary>Parameters begin at multiples of so many elements, which is where the lines of caches begin.</summary>
    public const long Alignment = 16;
}
