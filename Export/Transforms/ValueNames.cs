namespace OneFractal.Export;

/// <summary>Gives values of a graph other names.</summary>
public static class ValueNames
{
    /// <summary>A copy of <paramref name="model"/> in which the value <paramref name="from"/> is called <paramref name="to"/>.</summary>
    /// <exception cref="ModelException">Another value is called so.</exception>
    public static OnnxModel Rename(OnnxModel model, string from, string to)
    {
        var result = model.Clone();
        if (from == to)
        {
            return result;
        }

        var graph = result.Graph;
        if (GraphEdits.FreshName(graph, to) != to)
        {
            throw new ModelException($"'{model.Source}' has a value called '{to}' already.");
        }

        foreach (var node in graph.WithBodies().SelectMany(g => g.Node))
        {
            Replace(node.Input);
            Replace(node.Output);
        }

        foreach (var value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo).Where(v => v.Name == from))
        {
            value.Name = to;
        }

        foreach (var tensor in graph.WithBodies().SelectMany(g => g.Initializer).Where(t => t.Name == from))
        {
            tensor.Name = to;
        }

        result.TrainableNames = result.TrainableNames?.Select(Renamed).ToArray();
        result.ResidualBranches = result.ResidualBranches?.Select(b => b with { Value = Renamed(b.Value) }).ToArray();
        if (result.FeaturesValue == from)
        {
            result.FeaturesValue = to;
        }

        ModelChecker.Check(result);
        return result;

        string Renamed(string name) => name == from ? to : name;

        void Replace(IList<string> names)
        {
            for (var i = 0; i < names.Count; i++)
            {
                names[i] = Renamed(names[i]);
            }
        }
    }
}
