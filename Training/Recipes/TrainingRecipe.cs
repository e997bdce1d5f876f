using OneFractal.Data.Transforms;

namespace OneFractal.Training;

/// <summary>
/// Everything that decides what a training run computes, apart from the model and the data. Written to <c>run.yaml</c> with all values
/// resolved; the defaults are the paper's, with a batch for small machines.
/// </summary>
public sealed record TrainingRecipe
{
    /// <summary>Optimizer steps.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Images in a step.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>
    /// Parts that a step's batch is computed in, one after the other, their gradients summed: as many times less memory. The result is the same up to
    /// rounding, except that BatchNormalization sees a part at a time.
    /// </summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>What steps compute with.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>How gradients become steps.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.AdamW;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Learning rate at the end of the cosine.</summary>
    public double MinimumLearningRate { get; init; } = 1e-5;

    /// <summary>Steps over which the learning rate rises linearly from 0.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>AdamW's decoupled decay, or SGD's, which is part of the gradient; norms, biases, position embedding and class token are exempt.</summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>AdamW's β1.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's β2.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>AdamW's ε, which keeps it from dividing by 0.</summary>
    internal const double Epsilon = 1e-8;

    /// <summary>SGD's momentum.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Whether SGD looks ahead by its momentum.</summary>
    public bool Nesterov { get; init; } = true;

    /// <summary>
    /// Factor on the learning rate from one layer to the one before it, so that early layers of a pre-trained network change less; 1 for the same
    /// rate everywhere.
    /// </summary>
    public double LayerDecay { get; init; } = 1;

    /// <summary>
    /// Decay of the moving average of the weights that is then scored and saved in their place, at most (1 + step) / (10 + step); 0 for none.
    /// </summary>
    public double EmaDecay { get; init; }

    /// <summary>Gradients are scaled down to this global norm; 0 leaves them.</summary>
    public double ClipGradient { get; init; } = 1.0;

    /// <summary>Share of a target that is spread evenly over all classes.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>Drop rate of the last block's residual branches; earlier blocks less, linearly.</summary>
    public double DropPath { get; init; }

    /// <summary>How training images are varied.</summary>
    public AugmentationRecipe Augmentation { get; init; } = new();

    /// <summary>Checks every value.</summary>
    /// <exception cref="UsageException">A value is out of range, by its option's name.</exception>
    public TrainingRecipe Validated()
    {
        Require(Enum.IsDefined(Optimizer), "--optimizer", Optimizer, "adamw or sgd");
        Require(Enum.IsDefined(Precision), "--precision", Precision, "float32 or bfloat16");
        Require(Steps >= 1, "--steps", Steps, "at least 1");
        Require(BatchSize is >= 2 and <= 65536, "--batch-size", BatchSize, "2 to 65536");
        Require(Accumulation >= 1 && Accumulation <= BatchSize, "--accumulate", Accumulation, "1 to the batch size");
        Require(LearningRate is > 0 and < 10, "--lr", LearningRate, "above 0 and below 10");
        Require(MinimumLearningRate >= 0 && MinimumLearningRate <= LearningRate, "--min-lr", MinimumLearningRate, "0 to the learning rate");
        Require(WarmupSteps >= 0, "--warmup", WarmupSteps, "0 or more");
        Require(WeightDecay is >= 0 and < 10, "--weight-decay", WeightDecay, "0 or more");
        Require(Beta1 is >= 0 and < 1 && Beta2 is >= 0 and < 1, "beta1/beta2", $"{Beta1}/{Beta2}", "in [0, 1)");
        Require(Momentum is >= 0 and < 1, "--momentum", Momentum, "in [0, 1)");
        Require(LayerDecay is > 0 and <= 1, "--layer-decay", LayerDecay, "above 0 and at most 1");
        Require(EmaDecay is >= 0 and < 1, "--ema", EmaDecay, "in [0, 1)");
        Require(ClipGradient >= 0, "--clip-grad", ClipGradient, "0 or more");
        Require(LabelSmoothing is >= 0 and < 1, "--label-smoothing", LabelSmoothing, "in [0, 1)");
        Require(DropPath is >= 0 and < 1, "--drop-path", DropPath, "in [0, 1)");
        Augmentation.ToSettings().Validate();
        return this;
    }

    private static void Require(bool condition, string option, object value, string range)
    {
        if (!condition)
        {
            throw new UsageException(FormattableString.Invariant($"{option} must be {range}, not {value}."));
        }
    }
}
