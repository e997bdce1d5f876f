using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// Chains of nodes that one torch function computes, with the same result up to rounding, fewer passes over memory and fewer values kept for
/// the backward pass. Each pattern is anchored at its last node.
/// </summary>
internal static class Fusions
{
    /// <summary>The fused matrix product with bias.</summary>
    public const string LinearName = "Linear";

    /// <summary>The fused scaled dot-product attention.</summary>
    public const string AttentionName = "ScaledDotProductAttention";

    private static readonly Func<GraphView, NodeProto, (PlanNode Node, NodeProto[] Absorbed)?>[] Patterns = [Linear, Gelu, Attention];

    /// <summary>The fused node that ends in <paramref name="last"/> and the other nodes that it computes, or null.</summary>
    public static (PlanNode Node, NodeProto[] Absorbed)? Match(GraphView graph, NodeProto last)
    {
        foreach (var pattern in Patterns)
        {
            if (pattern(graph, last) is { } match)
            {
                return match;
            }
        }

        return null;
    }

    /// <summary><c>Add(MatMul(x, Transpose(W)), b)</c>, PyTorch's linear, ending in <paramref name="add"/>; null where it is not that.</summary>
    public static (string Input, string Weight, string Bias, NodeProto[] Absorbed)? MatchLinear(GraphView graph, NodeProto add)
    {
        if (add.OpType != "Add" || GraphView.Either(add, v => graph.OnlyFor(v, "MatMul")) is not { } sum
            || !graph.IsInitializer(sum.Other) || graph.Infos.GetValueOrDefault(sum.Other)?.Rank != 1
            || graph.OnlyFor(sum.Picked.Input[1], "Transpose") is not { } transpose || !graph.IsInitializer(transpose.Input[0])
            || graph.Infos.GetValueOrDefault(transpose.Input[0])?.Rank != 2 || transpose.GetInts("perm") is [0, 1]
            // A bias of one element would broadcast, which linear does not.
            || graph.Infos[sum.Other].StaticShape?[0] != graph.Infos[transpose.Input[0]].StaticShape?[0])
        {
            return null;
        }

        return (sum.Picked.Input[0], transpose.Input[0], sum.Other, [sum.Picked, transpose]);
    }

    private static (PlanNode, NodeProto[])? Linear(GraphView graph, NodeProto add)
    {
        return MatchLinear(graph, add) is { } linear
            ? (new PlanNode(LinearName, add.Describe(), (i, _) => [nn.functional.linear(i[0]!, i[1]!, i[2])], [linear.Input, linear.Weight, linear.Bias], add.Output), linear.Absorbed)
            : null;
    }

    /// <summary><c>x · (Erf(x / √2) + 1) · ½</c> in either order of the products, the exact Gelu, ending in <paramref name="last"/>; null where it is not that.</summary>
    public static (string Input, NodeProto[] Absorbed)? MatchGelu(GraphView graph, NodeProto last)
    {
        if (last.OpType != "Mul" || graph.OtherThanScalar(last, 0.5f) is not { } halved || graph.OnlyFor(halved, "Mul") is not { } product
            || GraphView.Either(product, v => graph.OnlyFor(v, "Add")) is not { } factors
            || graph.OtherThanScalar(factors.Picked, 1f) is not { } one || graph.OnlyFor(one, "Erf") is not { } erf
            || graph.OnlyFor(erf.Input[0], "Div") is not { } div || div.Input[0] != factors.Other
            || graph.Scalar(div.Input[1]) is not { } root || Math.Abs(root - MathF.Sqrt(2)) > 1e-6f)
        {
            return null;
        }

        return (factors.Other, [product, factors.Picked, erf, div]);
    }

    private static (PlanNode, NodeProto[])? Gelu(GraphView graph, NodeProto last)
    {
        return MatchGelu(graph, last) is { } gelu
            ? (new PlanNode("Gelu", last.Describe(), (i, _) => [nn.functional.gelu(i[0]!)], [gelu.Input], last.Output), gelu.Absorbed)
            : null;
    }

    /// <summary><c>MatMul(Softmax(MatMul(q · s, kᵀ)), v)</c> with s = 1/√head and kᵀ made by one Transpose: scaled dot-product attention.</summary>
    private static (PlanNode, NodeProto[])? Attention(GraphView graph, NodeProto last)
    {
        if (last.OpType != "MatMul" || graph.OnlyFor(last.Input[0], "Softmax") is not { } softmax || softmax.GetInt("axis", graph.Model.Opset < 13 ? 1 : -1) is not (-1 or 3)
            || graph.OnlyFor(softmax.Input[0], "MatMul") is not { } scores || graph.OnlyFor(scores.Input[0], "Mul") is not { } scaled
            || graph.OnlyFor(scores.Input[1], "Transpose") is not { } transpose || transpose.GetInts("perm") is not [0, 2, 3, 1]
            || graph.Infos.GetValueOrDefault(transpose.Input[0])?.Shape?[3].Value is not { } head
            || graph.OtherThanScalar(scaled, 1 / MathF.Sqrt(head)) is not { } query)
        {
            return null;
        }

        return (
            new PlanNode(
                AttentionName,
                last.Describe(),
                (i, _) =>
                {
                    using var key = i[1]!.transpose(1, 2);
                    return [nn.functional.scaled_dot_product_attention(i[0]!, key, i[2]!)];
                },
                [query, transpose.Input[0], last.Input[1]],
                last.Output),
            [softmax, scores, scaled, transpose]);
    }
}
