using static TorchSharp.torch;

namespace OneFractal.Evaluation;

/// <summary>
/// What multinomial logistic regression minimises: mean cross entropy + λ/2 · ‖W‖², the bias not regularised. Parameters are W with the bias as its last
/// column, [classes, width + 1], in double precision.
/// </summary>
internal sealed class LogisticLoss : IDisposable
{
    private readonly Tensor _inputs;
    private readonly Tensor _targets;
    private readonly Tensor _decay;
    private readonly int _classes;

    public LogisticLoss(FeatureMatrix features, IReadOnlyList<int> labels, int classes, double l2)
    {
        using var scope = NewDisposeScope();
        _classes = classes;
        var values = tensor(features.Values, [features.Count, features.Width]).to(float64);
        _inputs = cat([values, ones(features.Count, 1, float64)], 1).MoveToOuterDisposeScope();
        var indices = tensor(labels.Select(l => (long)l).ToArray());
        _targets = nn.functional.one_hot(indices, classes).to(float64).MoveToOuterDisposeScope();
        _decay = cat([full([1, features.Width], l2, float64), zeros(1, 1, float64)], 1).MoveToOuterDisposeScope();
    }

    /// <summary>Number of parameters.</summary>
    public int Length => _classes * (int)_inputs.shape[1];

    /// <summary>The loss, and its gradient, of the parameters' length.</summary>
    public (double Value, double[] Gradient) Evaluate(double[] parameters)
    {
        using var scope = NewDisposeScope();
        var theta = tensor(parameters, [_classes, _inputs.shape[1]]);
        var logProbabilities = nn.functional.log_softmax(_inputs.matmul(theta.t()), 1);
        var decayed = theta * _decay;
        var count = _inputs.shape[0];
        var value = -(logProbabilities * _targets).sum() / count + (theta * decayed).sum() / 2;
        var gradient = (logProbabilities.exp() - _targets).t().matmul(_inputs) / count + decayed;
        return (value.item<double>(), gradient.contiguous().data<double>().ToArray());
    }

    public void Dispose()
    {
        _inputs.Dispose();
        _targets.Dispose();
        _decay.Dispose();
    }
}
