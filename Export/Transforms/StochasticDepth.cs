namespace OneFractal.Export;

/// <summary>
/// Puts stochastic depth (drop path; Huang et al. 2016, arXiv 1603.09382) into a graph for training, in standard operators: each residual branch is
/// multiplied by <c>Dropout(ones[batch, 1, …])</c>, which drops it per sample and scales what is kept. Deployment graphs never have it.
/// </summary>
public static class StochasticDepth
{
    /// <summary>
    /// A copy of the model whose residual branches are dropped with a probability that grows linearly with depth from 0 to
    /// <paramref name="rate"/>. A model that marks no branches is returned as it is.
    /// </summary>
    public static OnnxModel Insert(OnnxModel model, double rate)
    {
        if (rate is < 0 or >= 1)
        {
            throw new UsageException($"A drop path rate of {rate} is outside [0, 1).");
        }

        var branches = model.ResidualBranches?.Where(b => b.Depth * rate > 0).ToArray();
        if (branches is not { Length: > 0 })
        {
            return model;
        }

        var result = model.Clone();
        var graph = result.Graph;
        var infos = ShapeInference.InferAll(result);
        var producers = graph.Node.SelectMany(n => n.Output.Where(o => o.Length > 0).Select(o => (o, n))).ToDictionary(p => p.o, p => p.n);
        var nodes = graph.Node.ToList();
        var onesOfRank = new Dictionary<int, string>();
        foreach (var branch in branches)
        {
            var rank = infos.GetValueOrDefault(branch.Value)?.Rank
                ?? throw new ModelException($"'{model.Source}': the rank of '{branch.Value}' is not known, so drop path cannot be put there.");
            if (!onesOfRank.TryGetValue(rank, out var ones))
            {
                onesOfRank[rank] = ones = AddOnes(graph, nodes, rank);
            }

            var name = $"{branch.Value}.drop_path";
            graph.Initializer.Add(TensorProtoExtensions.Float($"{name}.ratio", [], [(float)(rate * branch.Depth)]));
            var dropout = GraphEdits.MakeNode("Dropout", $"{name}.mask", ones, $"{name}.ratio");
            var mul = GraphEdits.MakeNode("Mul", name, branch.Value, $"{name}.mask");
            GraphEdits.ReplaceReads(graph, branch.Value, name);
            var after = producers.TryGetValue(branch.Value, out var producer)
                ? nodes.IndexOf(producer) + 1
                : throw new ModelException($"'{model.Source}': no node computes the residual branch '{branch.Value}'.");
            nodes.InsertRange(after, [dropout, mul]);
        }

        GraphEdits.Replace(graph.Node, nodes);
        ModelChecker.Check(result);
        return result;
    }

    /// <summary>Adds nodes, at the start of the graph, that compute ones of shape [batch, 1, …].</summary>
    private static string AddOnes(GraphProto graph, List<NodeProto> nodes, int rank)
    {
        var name = $"drop_path.ones{rank}d";
        var batch = GraphEdits.MakeNode("Shape", $"{name}.batch", graph.Input[0].Name);
        batch.Set("start", 0);
        batch.Set("end", 1);
        var shape = GraphEdits.MakeNode("Concat", $"{name}.shape", $"{name}.batch", $"{name}.tail");
        shape.Set("axis", 0);
        graph.Initializer.Add(TensorProtoExtensions.Int64($"{name}.tail", [rank - 1], [.. Enumerable.Repeat(1L, rank - 1)]));
        var ones = GraphEdits.MakeNode("ConstantOfShape", name, $"{name}.shape");
        ones.Set("value", TensorProtoExtensions.Float("", [1], [1f]));
        nodes.InsertRange(0, [batch, shape, ones]);
        return name;
    }
}
