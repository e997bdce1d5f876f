namespace OneFractal.Training;

/// <summary>AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101), as torch.optim.AdamW computes it.</summary>
internal sealed class FlatAdamW(GraphModule module, TrainingRecipe recipe, IReadOnlyDictionary<string, double> learningRateScales)
    : FlatOptimizer(module, recipe, learningRateScales)
{
    private const double Epsilon = 1e-8;

    private readonly FlatState _first = module.Parameters.ZerosLike();
    private readonly FlatState _second = module.Parameters.ZerosLike();

    public override IReadOnlyList<(Func<string, string> NameOf, FlatState State)> State =>
        [(StateNames.FirstMoment, _first), (StateNames.SecondMoment, _second)];

    protected override void Update(StepSettings settings)
    {
        DecayParameters(settings.LearningRate);
        var step = settings.Step + 1;
        _first.Vector.mul_(Recipe.Beta1).add_(Gradients, 1 - Recipe.Beta1);
        _second.Vector.mul_(Recipe.Beta2).addcmul_(Gradients, Gradients, 1 - Recipe.Beta2);
        using var denominator = _second.Vector.sqrt().div_(Math.Sqrt(1 - Math.Pow(Recipe.Beta2, step))).add_(Epsilon);
        Parameters.Vector.addcdiv_(Scaled(_first.Vector), denominator, -settings.LearningRate / (1 - Math.Pow(Recipe.Beta1, step)));
    }
}
