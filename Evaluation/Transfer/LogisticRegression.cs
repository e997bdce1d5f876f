using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

namespace OneFractal.Evaluation;

/// <summary>Multinomial logistic regression with an L2 penalty, fitted by L-BFGS.</summary>
internal sealed class LogisticRegression
{
    private const double GradientTolerance = 1e-7, StepTolerance = 1e-10, ProgressTolerance = 1e-12;
    private const int Memory = 10, MaximumIterations = 2000;

    private readonly int _classes;

    private LogisticRegression(double[] parameters, int classes)
    {
        Parameters = parameters;
        _classes = classes;
    }

    /// <summary>Weights with the bias as the last column, [classes, width + 1].</summary>
    public double[] Parameters { get; }

    /// <summary>Minimises <see cref="LogisticLoss"/>; the minimum is unique up to what all classes' biases have in common.</summary>
    /// <param name="features">[images, width].</param>
    /// <param name="labels">The class of each image.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="l2">λ, above 0.</param>
    /// <param name="start">Where to begin, for instance the minimum of another λ; null for zero.</param>
    public static LogisticRegression Fit(FeatureMatrix features, IReadOnlyList<int> labels, int classes, double l2, LogisticRegression? start = null)
    {
        using var loss = new LogisticLoss(features, labels, classes, l2);
        var (best, parameters) = (double.PositiveInfinity, new double[loss.Length]);
        start?.Parameters.CopyTo(parameters, 0);
        var objective = ObjectiveFunction.Gradient(point =>
        {
            var at = point.ToArray();
            var (value, gradient) = loss.Evaluate(at);
            if (value < best)
            {
                (best, parameters) = (value, at);
            }

            return (value, Vector<double>.Build.Dense(gradient));
        });
        try
        {
            new LimitedMemoryBfgsMinimizer(GradientTolerance, StepTolerance, ProgressTolerance, Memory, MaximumIterations)
                .FindMinimum(objective, Vector<double>.Build.Dense(parameters));
        }
        catch (OptimizationException)
        {
            // It gives up where rounding leaves no step that is still downhill, or after the last iteration: the best point is the answer.
        }

        return new LogisticRegression(parameters, classes);
    }

    /// <summary>Probabilities of each image.</summary>
    public ImagePredictions Predict(FeatureMatrix features)
    {
        var logits = new float[features.Count * _classes];
        var (width, stride) = (features.Width, features.Width + 1);
        Parallel.For(0, features.Count, i =>
        {
            for (var c = 0; c < _classes; c++)
            {
                var weights = Parameters.AsSpan(c * stride, stride);
                var sum = weights[width];
                for (var j = 0; j < width; j++)
                {
                    sum += weights[j] * features.Values[i * width + j];
                }

                logits[i * _classes + c] = (float)sum;
            }
        });
        return ImagePredictions.FromLogits(logits, _classes);
    }
}
