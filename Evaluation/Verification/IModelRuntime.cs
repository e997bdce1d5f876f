namespace OneFractal.Evaluation;

/// <summary>A runtime that models can be run on.</summary>
internal interface IModelRuntime
{
    /// <summary>What reports call it.</summary>
    string Name { get; }

    /// <summary>Whether it runs only models whose shapes are all fixed, without Dropout.</summary>
    bool NeedsFixedShapes => false;

    /// <summary>Whether it computes float32 products in TF32, which has the digits of float16.</summary>
    bool UsesTf32 => false;

    /// <summary>
    /// Opens the model, runs the batches, and gives the graph's outputs, all of the first batch, then all of the second, and so on; each has its output's name.
    /// </summary>
    /// <exception cref="RuntimeUnavailableException">It is not on this machine.</exception>
    /// <exception cref="OneFractalException">It cannot run the model.</exception>
    IReadOnlyList<RuntimeTensor> Run(RuntimeJob job, CancellationToken cancellation);
}
