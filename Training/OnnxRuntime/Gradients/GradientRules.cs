namespace OneFractal.Training;

/// <summary>A table <c>operator → gradient rule</c>.</summary>
internal static partial class GradientRules
{
    private static readonly Dictionary<string, GradientRule> Table =
        new[] { Elementwise(), Activations(), Layers(), Normalization(), Reductions(), Layout(), Windows(), Resampling() }.SelectMany(t => t).ToDictionary(e => e.Key, e => e.Value);

    /// <summary>Operators with a rule.</summary>
    public static IReadOnlyCollection<string> Operators => Table.Keys;

    /// <summary>The rule of the node's operator, or null.</summary>
    public static GradientRule? Find(NodeProto node) => node.IsStandard() ? Table.GetValueOrDefault(node.OpType) : null;
}
