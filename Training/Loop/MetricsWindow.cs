using System.Diagnostics;

namespace OneFractal.Training;

/// <summary>Sums of what happened since the last row of <c>metrics.csv</c>.</summary>
internal sealed class MetricsWindow
{
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private int _steps;
    private long _images;
    private long _correct;
    private double _loss;
    private double _gradientNorm;
    private TimeSpan _waited;

    public double MeanLoss => _loss / Math.Max(1, _steps);

    public double Accuracy => _correct / (double)Math.Max(1, _images);

    public double ImagesPerSecond => _images / Math.Max(1e-9, _time.Elapsed.TotalSeconds);

    public void Add(StepResult result, int images, TimeSpan waited)
    {
        _steps++;
        _images += images;
        _correct += result.Correct;
        _loss += result.Loss;
        _gradientNorm += result.GradientNorm;
        _waited += waited;
    }

    public MetricsRow ToRow(long step, double epoch, double learningRate) => new()
    {
        Step = step,
        Epoch = Math.Round(epoch, 3),
        LearningRate = Math.Round(learningRate, 9),
        TrainLoss = Math.Round(MeanLoss, 5),
        TrainAccuracy = Math.Round(Accuracy, 5),
        GradientNorm = Math.Round(_gradientNorm / Math.Max(1, _steps), 5),
        ImagesPerSecond = Math.Round(ImagesPerSecond, 1),
        DataWaitFraction = Math.Round(_waited.TotalSeconds / Math.Max(1e-9, _time.Elapsed.TotalSeconds), 4),
    };
}
