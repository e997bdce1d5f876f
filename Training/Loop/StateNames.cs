namespace OneFractal.Training;

/// <summary>Names of the tensors of a training state, shared by all backends.</summary>
internal static class StateNames
{
    private const string AveragePrefix = "ema.";
    private const string BestPrefix = "best.";
    private const string OptimizerPrefix = "optimizer.";

    /// <summary>AdamW's first moment of a parameter.</summary>
    public static string FirstMoment(string parameter) => OptimizerPrefix + "exp_avg." + parameter;

    /// <summary>AdamW's second moment of a parameter.</summary>
    public static string SecondMoment(string parameter) => OptimizerPrefix + "exp_avg_sq." + parameter;

    /// <summary>SGD's momentum of a parameter.</summary>
    public static string Momentum(string parameter) => OptimizerPrefix + "momentum_buffer." + parameter;

    /// <summary>The moving average of a parameter or buffer.</summary>
    public static string Average(string name) => AveragePrefix + name;

    /// <summary>
    /// What <paramref name="find"/> has for the parameter or buffer that a name of the state is of: for a moving average what it is an average of, unless a model calls its
    /// own parameter so, which then has no such.
    /// </summary>
    public static T? Of<T>(string name, Func<string, T?> find)
        where T : class
    {
        return (name.StartsWith(AveragePrefix, StringComparison.Ordinal) ? find(name[AveragePrefix.Length..]) : null) ?? find(name);
    }

    /// <summary>The best weights so far of a parameter or buffer.</summary>
    public static string Best(string name) => BestPrefix + name;

    /// <summary>The best weights of a state, under the names of what they are of; none where the run keeps none.</summary>
    public static Dictionary<string, TensorProto> BestWeights(IReadOnlyDictionary<string, TensorProto> state)
    {
        return state.Where(t => t.Key.StartsWith(BestPrefix, StringComparison.Ordinal)).ToDictionary(t => t.Key[BestPrefix.Length..], t => t.Value);
    }

    /// <summary>
    /// What a model that was trained to this state is saved with: the best weights where they were kept, else moving averages in the place of what they are of,
    /// and no optimizer state.
    /// </summary>
    public static Dictionary<string, TensorProto> Weights(IReadOnlyDictionary<string, TensorProto> state)
    {
        if (BestWeights(state) is { Count: > 0 } best)
        {
            return best;
        }

        return state.Where(t => !t.Key.StartsWith(OptimizerPrefix, StringComparison.Ordinal) && !state.ContainsKey(Average(t.Key)))
            .ToDictionary(t => Of(t.Key, n => state.ContainsKey(n) ? n : null) ?? t.Key, t => t.Value);
    }

    /// <summary>The refusal of a state that lacks a tensor or has it in another shape.</summary>
    public static TrainingException Missing(string name, IEnumerable<long> shape)
    {
        return new TrainingException($"The checkpoint is of another model: '{name}' of shape [{string.Join(", ", shape)}] is not in it.");
    }
}
