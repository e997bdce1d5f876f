using System.Text.RegularExpressions;

namespace OneFractal.Training;

/// <summary>
/// Layer-wise learning rate decay (Clark et al. 2020, arXiv 2003.10555; as BEiT and timm use it): the last layer, the head, learns at the full rate, each
/// layer before it at <c>decay</c> times the rate of the next.
/// </summary>
internal static partial class LayerDecay
{
    /// <summary>
    /// The factor on each trainable parameter's learning rate. Parameters whose path has a number (<c>blocks.3.mlp.fc1.weight</c>,
    /// <c>layer2.0.conv1.weight</c>) belong to the block that the path names up to its last number; what the graph uses before the first block is the first layer,
    /// what it uses after the last block the head. Where no path has a number, each weight of two or more dimensions begins a layer.
    /// </summary>
    public static IReadOnlyDictionary<string, double> Scales(OnnxModel model, double decay)
    {
        var names = InOrderOfUse(model);
        var layers = names.Any(n => Block(n).Length > 0) ? ByBlock(names) : ByWeight(names, model);
        var last = layers.Values.DefaultIfEmpty(0).Max();
        return layers.ToDictionary(e => e.Key, e => Math.Pow(decay, last - e.Value));
    }

    private static List<string> InOrderOfUse(OnnxModel model)
    {
        var trainable = (model.TrainableNames ?? []).ToHashSet();
        var used = new List<string>();
        foreach (var name in model.Graph.Node.SelectMany(n => n.Input).Where(trainable.Remove))
        {
            used.Add(name);
        }

        return used;
    }

    private static Dictionary<string, int> ByBlock(List<string> names)
    {
        var blocks = names.Select(Block).Where(b => b.Length > 0).Distinct().ToList();
        var first = names.FindIndex(n => Block(n).Length > 0);
        return names.Select((name, i) => (name, Layer: Block(name) is { Length: > 0 } block ? blocks.IndexOf(block) + 1 : i < first ? 0 : blocks.Count + 1))
            .ToDictionary(p => p.name, p => p.Layer);
    }

    private static Dictionary<string, int> ByWeight(List<string> names, OnnxModel model)
    {
        var ranks = model.Graph.Initializer.ToDictionary(t => t.Name, t => t.Dims.Count);
        var layer = -1;
        return names.ToDictionary(n => n, n => Math.Max(0, ranks[n] > 1 ? ++layer : layer));
    }

    // timm calls a block's projected shortcut downsample, whose own parts are numbered.
    private static string Block(string name) => Numbered().Match(name.Split(".downsample.")[0]).Value;

    // A number alone is no path: exporters call constants so.
    [GeneratedRegex(@"^(?:.*\.)?\d+(?=\.)|^.*\.\d+$")]
    private static partial Regex Numbered();
}
