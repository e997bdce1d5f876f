namespace OneFractal.Training;

/// <summary>The ONNX operators that can be run and trained.</summary>
public static class OperatorCatalogue
{
    /// <summary>Operators of the model, each with the first node that needs it, that TorchSharp cannot run at its opset; empty when it runs.</summary>
    public static IReadOnlyList<string> Unsupported(OnnxModel model) => OperatorTable.Unsupported(model);

    /// <summary>Every operator that TorchSharp executes, by name.</summary>
    public static IReadOnlyList<OperatorSupport> List()
    {
        return
        [
            .. OperatorTable.All.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o =>
                new OperatorSupport(o.Key, Opsets(o.Value), OperatorTable.IsDifferentiable(o.Key), TrainsOnOnnxRuntime(o.Key))),
        ];
    }

    /// <summary>By a gradient rule, or as what becomes of the operator before it is differentiated.</summary>
    private static bool TrainsOnOnnxRuntime(string opType)
    {
        return GradientRules.Operators.Contains(OpsetUpgrade.Successors.GetValueOrDefault(opType, opType)) || TrainingForm.Rewritten.Contains(opType);
    }

    /// <summary>Ranges of the opsets that are read, from implementations that are ordered from the newest to the oldest.</summary>
    private static string Opsets(OperatorVersion[] newestFirst)
    {
        var ranges = newestFirst
            .Select((v, i) => (From: Math.Max(v.Since, OnnxModel.OldestOpset), To: Math.Min(v.Until, i == 0 ? OnnxModel.NewestOpset : newestFirst[i - 1].Since - 1)))
            .Where(r => r.From <= r.To)
            .Reverse();
        return string.Join(", ", ranges.Select(r => r.From == r.To ? $"{r.From}" : $"{r.From}-{r.To}"));
    }
}
