using OneFractal.Data;

namespace OneFractal.Training;

/// <summary>The images of a training run.</summary>
/// <param name="Training">What it learns from.</param>
/// <param name="Validation">What it is measured on while it learns, or null.</param>
/// <param name="Test">What it is scored on once, at the end, or null.</param>
internal sealed record JobData(IImageDataset Training, IImageDataset? Validation = null, IImageDataset? Test = null)
{
    /// <summary>How often the training images of each class come, in proportion; null for each as often as the others.</summary>
    public IReadOnlyList<double>? ClassFactors { get; init; }

    /// <summary>After how many measurements without a lower loss on the validation images training ends; 0 for never.</summary>
    public int Patience { get; init; }
}
