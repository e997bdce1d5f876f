namespace OneFractal.Evaluation;

/// <summary>A runtime with the model loaded.</summary>
internal interface IModelRuntime : IDisposable
{
    /// <summary>Writes the outputs of <paramref name="count"/> images, one after the other.</summary>
    void Run(ReadOnlyMemory<float> images, int count, Memory<float> outputs);
}
