using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Losses() =>
    [
        new("NegativeLogLikelihoodLoss", 12, c =>
        {
            var (ignored, reduction) = (c.IntOrNull("ignore_index"), c.Choice("reduction", "mean", "sum", "none"));
            return Scoped((inputs, _) => [NegativeLogLikelihood(inputs[0]!, inputs[1]!, Optional(inputs, 2), ignored, reduction)]);
        }),
        new("SoftmaxCrossEntropyLoss", 12, c =>
        {
            var (ignored, reduction) = (c.IntOrNull("ignore_index"), c.Choice("reduction", "mean", "sum", "none"));
            return Scoped((inputs, _) =>
            {
                var logs = inputs[0]!.log_softmax(1);
                return [NegativeLogLikelihood(logs, inputs[1]!, Optional(inputs, 2), ignored, reduction), logs];
            });
        }),
    ];

    /// <summary>Of log-probabilities [batch, classes, space…] and classes [batch, space…].</summary>
    private static Tensor NegativeLogLikelihood(Tensor logs, Tensor target, Tensor? weight, long? ignored, string reduction)
    {
        var classes = target.to(ScalarType.Int64);
        var counted = ones_like(classes, dtype: logs.dtype);
        if (ignored is { } skip)
        {
            var skipped = classes.eq(skip);
            classes = classes.masked_fill(skipped, 0);
            counted = counted.masked_fill(skipped, 0);
        }

        if (weight is not null)
        {
            counted *= weight.index_select(0, classes.reshape(-1)).reshape(classes.shape);
        }

        var losses = -logs.gather(1, classes.unsqueeze(1)).squeeze(1) * counted;
        return reduction switch
        {
            "none" => losses,
            "sum" => losses.sum(),
            _ => losses.sum() / counted.sum(),
        };
    }
}
