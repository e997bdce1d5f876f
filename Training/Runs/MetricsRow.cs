using CsvHelper;

namespace OneFractal.Training;

/// <summary>One row of <c>metrics.csv</c>.</summary>
[CsvRecord]
public sealed partial record MetricsRow
{
    /// <summary>Steps done.</summary>
    [CsvColumn("step")]
    public long Step { get; init; }

    /// <summary>Images seen, in data set sizes.</summary>
    [CsvColumn("epoch")]
    public double Epoch { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    [CsvColumn("learning_rate")]
    public double LearningRate { get; init; }

    /// <summary>Mean training loss since the last row.</summary>
    [CsvColumn("train_loss")]
    public double TrainLoss { get; init; }

    /// <summary>Training accuracy since the last row, on augmented images.</summary>
    [CsvColumn("train_accuracy")]
    public double TrainAccuracy { get; init; }

    /// <summary>Loss on the validation images, where there are any and this row measured them.</summary>
    [CsvColumn("validation_loss")]
    public double? ValidationLoss { get; init; }

    /// <summary>Accuracy on the validation images.</summary>
    [CsvColumn("validation_accuracy")]
    public double? ValidationAccuracy { get; init; }

    /// <summary>Mean global norm of the gradient since the last row, before clipping.</summary>
    [CsvColumn("gradient_norm")]
    public double GradientNorm { get; init; }

    /// <summary>Training speed since the last row, evaluation not counted.</summary>
    [CsvColumn("images_per_second")]
    public double ImagesPerSecond { get; init; }

    /// <summary>Share of the training time since the last row that was spent waiting for batches.</summary>
    [CsvColumn("data_wait_fraction")]
    public double DataWaitFraction { get; init; }
}
