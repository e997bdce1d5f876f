using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>A network and a batch size whose train steps are measured.</summary>
/// <param name="Name">Name of the backbone.</param>
/// <param name="ImageSize">Side of the images, in pixels.</param>
/// <param name="Batch">Images in a step.</param>
internal sealed record StepSubject(string Name, int ImageSize, int Batch)
{
    public const int Classes = 100;

    /// <summary>The network with random weights, the same each time.</summary>
    public OnnxModel MakeModel()
    {
        return Backbone.WithHead(Backbone.Create(Name, seed: 1, ImageSize), [.. Enumerable.Range(0, Classes).Select(i => $"{i}")]);
    }
}
