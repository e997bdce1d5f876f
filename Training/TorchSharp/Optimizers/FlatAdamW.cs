using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101), as torch.optim.AdamW computes it.</summary>
internal sealed class FlatAdamW(GraphModule module, TrainingRecipe recipe, IReadOnlyDictionary<string, double> learningRateScales)
    : FlatOptimizer(module, recipe, learningRateScales)
{
    private readonly FlatState _first = module.Parameters.ZerosLike();
    private readonly FlatState _second = module.Parameters.ZerosLike();

    public override IReadOnlyList<(Func<string, string> NameOf, FlatState State)> State =>
        [(StateNames.FirstMoment, _first), (StateNames.SecondMoment, _second)];

    protected override void Update(Bucket bucket, Tensor parameters, Tensor gradient, double learningRate, double decay, long step)
    {
        using var first = bucket.Of(_first);
        using var second = bucket.Of(_second);
        first.mul_(Recipe.Beta1).add_(gradient, 1 - Recipe.Beta1);
        second.mul_(Recipe.Beta2).addcmul_(gradient, gradient, 1 - Recipe.Beta2);
        if (decay > 0)
        {
            parameters.mul_(1 - learningRate * decay);
        }

        using var denominator = second.sqrt().div_(Math.Sqrt(1 - Math.Pow(Recipe.Beta2, step))).add_(TrainingRecipe.Epsilon);
        parameters.addcdiv_(first, denominator, -learningRate / (1 - Math.Pow(Recipe.Beta1, step)));
    }
}
