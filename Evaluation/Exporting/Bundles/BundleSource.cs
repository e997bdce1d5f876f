namespace OneFractal.Evaluation;

/// <summary>What a bundle is made of.</summary>
/// <param name="Trained">The model with its weights under timm's names.</param>
/// <param name="Deployed">The graph to deploy.</param>
/// <param name="Metadata">How the model is fed, and its labels.</param>
internal sealed record BundleSource(OnnxModel Trained, OnnxModel Deployed, ModelMetadata Metadata)
{
    /// <summary>The graph's one input.</summary>
    public string Input => Deployed.Graph.Input[0].Name;

    /// <summary>The graph's first output.</summary>
    public string Output => Deployed.Graph.Output[0].Name;

    /// <summary>The deployed graph as a file of the bundle.</summary>
    public BundleFile Model(string name) => new(name, path => Deployed.Save(path));
}
