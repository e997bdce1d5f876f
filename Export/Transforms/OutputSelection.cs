using System.Text.RegularExpressions;

namespace OneFractal.Export;

/// <summary>Makes a model end elsewhere: in probabilities, in features, in all tokens, or in what each of its stages gives.</summary>
public static partial class OutputSelection
{
    /// <summary>Name of the output that <see cref="ModelOutput.Probabilities"/> has; runtimes tell by it that no softmax is wanted.</summary>
    public const string Probabilities = "probabilities";

    /// <summary>Name of the output that <see cref="ModelOutput.Tokens"/> has.</summary>
    public const string Tokens = "tokens";

    /// <summary>A copy of <paramref name="model"/> with other outputs, and without what none of them needs.</summary>
    /// <exception cref="ModelException">The graph does not have that output, or it cannot be told where.</exception>
    public static OnnxModel Apply(OnnxModel model, ModelOutput output) => output switch
    {
        ModelOutput.Probabilities => WithSoftmax(model),
        ModelOutput.Features => ClassificationHead.Detach(model),
        ModelOutput.Tokens => WithTokens(model),
        ModelOutput.Stages => WithStages(model),
        _ => model,
    };

    private static OnnxModel WithSoftmax(OnnxModel model)
    {
        var result = model.Clone();
        var output = result.Graph.Output[0];
        if (result.Graph.Node.FirstOrDefault(n => n.Output.Contains(output.Name)) is { OpType: "Softmax" })
        {
            throw new ModelException($"'{model.Source}' ends in a softmax already: leave --softmax out.");
        }

        var scores = GraphEdits.FirstOutput(result);
        if (scores is not { Type: DataType.Float, Shape: [_, _] } || result.FeaturesValue == output.Name)
        {
            throw new ModelException($"'{model.Source}' ends in '{output.Name}' {scores}, which are no class scores: --softmax needs a classifier.");
        }

        var softmax = GraphEdits.MakeNode("Softmax", GraphEdits.FreshName(result.Graph, Probabilities), output.Name);
        softmax.Set("axis", -1);
        result.Graph.Node.Add(softmax);
        GraphEdits.Replace(result.Graph.Output, [scores.ToProto(softmax.Output[0])]);
        ModelChecker.Check(result);
        return result;
    }

    /// <summary>Goes back from the features over pooling and selection to what they are made of; a norm of the selected token becomes one of all.</summary>
    private static OnnxModel WithTokens(OnnxModel model)
    {
        var builder = Begin(model, out var result);
        var value = builder.Find(result.FeaturesValue ?? HeadFinder.Find(result).Features);
        NodeProto? norm = null;
        while (value.Shape.Count < 3)
        {
            var node = builder.Producer(value);
            norm = node is { OpType: "LayerNormalization" } ? norm is null ? node : throw Unknown(model, node) : norm;
            value = node is { OpType: "LayerNormalization" or "Gather" or "Slice" or "Flatten" or "Reshape" or "Squeeze" or "Identity" or "Dropout" }
                or { OpType: "ReduceMean" or "GlobalAveragePool" or "AveragePool" }
                ? builder.Find(node.Input[0])
                : throw Unknown(model, node);
        }

        // A map that was averaged, one value a channel, is not what was averaged.
        while (value.Shape is [_, _, { Value: 1 }, { Value: 1 }] && builder.Producer(value) is { OpType: "GlobalAveragePool" or "AveragePool" or "ReduceMean" } pool)
        {
            value = builder.Find(pool.Input[0]);
        }

        if (norm is not null)
        {
            value = builder.LayerNormalization(value, builder.Find(norm.Input[1]), builder.Find(norm.Input[2]), norm.GetFloat("epsilon", 1e-5f));
        }

        builder.Output(Tokens, value);
        return Finish(result);
    }

    private static OnnxModel WithStages(OnnxModel model)
    {
        var builder = Begin(model, out var result);
        var stages = new Dictionary<string, NodeProto>();
        foreach (var node in result.Graph.Node)
        {
            // timm's and PyTorch's exporters name nodes by module, with '/' between modules.
            if (node.Name.Split('/').Select(part => StageName().Match(part)).FirstOrDefault(m => m.Success) is { } match && node.IsStandard())
            {
                stages[match.Groups[1].Value] = node;
            }
        }

        if (stages.Count < 2)
        {
            throw new ModelException(
                $"'{model.Source}': its stages cannot be told, since its nodes are not named by them (such as blocks.0/…, layer1/… or stages.0/…): export --features or --tokens.");
        }

        var isMap = false;
        foreach (var (name, node) in stages)
        {
            var value = builder.Find(node.Output[0]);
            // Of a network whose stages pass on maps, the last may leave its map as tokens.
            value = isMap && value.Shape.Count == 3 && Math.Sqrt(value.Length(1)) is var side && side == (long)side
                ? builder.Reshape(builder.Transpose(value, 0, 2, 1), 0, value.Length(2), (long)side, (long)side)
                : value;
            isMap = value.Shape.Count == 4;
            builder.Output(GraphEdits.FreshName(result.Graph, name), value);
        }

        return Finish(result);
    }

    private static GraphBuilder Begin(OnnxModel model, out OnnxModel result)
    {
        result = model.Clone();
        var builder = GraphBuilder.Extend(result);
        result.Graph.Output.Clear();
        return builder;
    }

    private static OnnxModel Finish(OnnxModel model)
    {
        model.FeaturesValue = null;
        GraphEdits.RemoveDeadCode(model);
        if (model.Metadata is { } metadata)
        {
            model.Metadata = metadata with { Labels = [] };
        }

        ModelChecker.Check(model);
        return model;
    }

    private static ModelException Unknown(OnnxModel model, NodeProto? node)
    {
        return new ModelException(
            $"'{model.Source}': what its features are averaged or selected from cannot be told ({node?.Describe() ?? "its input"} is in the way): export --features.");
    }

    [GeneratedRegex(@"^((?:blocks|layers|stages)\.\d+|layer\d+)(?:\.|$)")]
    private static partial Regex StageName();
}
