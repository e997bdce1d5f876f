namespace OneFractal.Export;

/// <summary>Where a model's classification head is.</summary>
/// <param name="Features">The value that goes into the head.</param>
/// <param name="Head">The node that computes the class scores from it, or null for a model that ends at its features.</param>
/// <param name="Weight">Name of the head's weight, or null.</param>
public sealed record HeadSite(string Features, NodeProto? Head, string? Weight)
{
    /// <summary>One line about it.</summary>
    public string Description => Head is null ? $"none: the model ends at its features '{Features}'" : $"{Head.Describe()}, which reads the features '{Features}'";
}
