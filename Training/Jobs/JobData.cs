using OneFractal.Data;

namespace OneFractal.Training;

/// <summary>The images of a training run.</summary>
/// <param name="Training">What it learns from.</param>
/// <param name="Validation">What is only watched while it learns, or null.</param>
/// <param name="Test">What it is scored on once, at the end, or null.</param>
internal sealed record JobData(IImageDataset Training, IImageDataset? Validation = null, IImageDataset? Test = null);
