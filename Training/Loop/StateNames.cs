namespace OneFractal.Training;

/// <summary>Names of the tensors of a training state, shared by all backends.</summary>
internal static class StateNames
{
    /// <summary>AdamW's first moment of a parameter.</summary>
    public static string FirstMoment(string parameter) => "optimizer.exp_avg." + parameter;

    /// <summary>AdamW's second moment of a parameter.</summary>
    public static string SecondMoment(string parameter) => "optimizer.exp_avg_sq." + parameter;

    /// <summary>SGD's momentum of a parameter.</summary>
    public static string Momentum(string parameter) => "optimizer.momentum_buffer." + parameter;

    /// <summary>The moving average of a parameter or buffer.</summary>
    public static string Average(string name) => "ema." + name;
}
