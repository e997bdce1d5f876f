namespace OneFractal.Export;

/// <summary>
/// The graph as it is deployed: nothing computed that no output needs, BatchNormalization in the weights, everything constant folded, Dropout gone. It gives the
/// outputs of the model it comes from, and no longer trains.
/// </summary>
public static class DeploymentForm
{
    /// <summary>A copy of <paramref name="model"/>.</summary>
    /// <param name="model">Any model.</param>
    /// <param name="batch">The only number of images that it takes, or null for any.</param>
    /// <exception cref="ModelException">Its nodes are made for another batch size.</exception>
    public static OnnxModel Apply(OnnxModel model, int? batch = null)
    {
        var result = batch is { } size ? FixedBatch.Fix(model, size) : model.Clone();
        EarlySelection.Apply(result);
        BatchNormFolding.Apply(result);
        return ConstantFolding.Apply(result);
    }
}
