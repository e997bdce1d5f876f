using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>One row of <c>results.csv</c>: one backbone on one data set by one protocol with one seed.</summary>
[CsvRecord]
public sealed partial record ResultRow
{
    /// <summary>Hash of the run's settings: no two rows have the same.</summary>
    [CsvColumn("key")]
    public string Key { get; init; } = "";

    /// <summary>Name of the backbone.</summary>
    [CsvColumn("backbone")]
    public string Backbone { get; init; } = "";

    /// <summary>candidate, scratch or control.</summary>
    [CsvColumn("role")]
    public string Role { get; init; } = "";

    /// <summary>Its architecture.</summary>
    [CsvColumn("architecture")]
    public string Architecture { get; init; } = "";

    /// <summary>Name of the data set.</summary>
    [CsvColumn("data")]
    public string Data { get; init; } = "";

    /// <summary>finetune, probe, knn or fewshot.</summary>
    [CsvColumn("protocol")]
    public string Protocol { get; init; } = "";

    /// <summary>Labelled images a class, of few-shot runs.</summary>
    [CsvColumn("shots")]
    public int? Shots { get; init; }

    /// <summary>The seed.</summary>
    [CsvColumn("seed")]
    public ulong Seed { get; init; }

    /// <summary>Images that the tested classifier learnt from.</summary>
    [CsvColumn("training_images")]
    public int TrainingImages { get; init; }

    /// <summary>Images that its settings were chosen by and that it did not learn from.</summary>
    [CsvColumn("validation_images")]
    public int ValidationImages { get; init; }

    /// <summary>Images that it was tested on.</summary>
    [CsvColumn("test_images")]
    public int TestImages { get; init; }

    /// <summary>Optimizer steps, of fine-tuning.</summary>
    [CsvColumn("steps")]
    public int? Steps { get; init; }

    /// <summary>The learning rate chosen.</summary>
    [CsvColumn("learning_rate")]
    public double? LearningRate { get; init; }

    /// <summary>The weight decay chosen.</summary>
    [CsvColumn("weight_decay")]
    public double? WeightDecay { get; init; }

    /// <summary>The strength of L2 chosen.</summary>
    [CsvColumn("l2")]
    public double? L2 { get; init; }

    /// <summary>Top-1 accuracy on the test images.</summary>
    [CsvColumn("top1")]
    public double Top1 { get; init; }

    /// <summary>Top-5 accuracy.</summary>
    [CsvColumn("top5")]
    public double Top5 { get; init; }

    /// <summary>Mean recall of the classes.</summary>
    [CsvColumn("balanced_accuracy")]
    public double BalancedAccuracy { get; init; }

    /// <summary>Mean F1 of the classes.</summary>
    [CsvColumn("macro_f1")]
    public double MacroF1 { get; init; }

    /// <summary>Expected calibration error, 15 bins.</summary>
    [CsvColumn("calibration_error")]
    public double CalibrationError { get; init; }

    /// <summary>The epoch that fine-tuning ended at, whose weights are tested.</summary>
    [CsvColumn("last_epoch")]
    public double? LastEpoch { get; init; }

    /// <summary>Accuracy on the validation images: of fine-tuning at the last epoch, of a probe that of the strength chosen.</summary>
    [CsvColumn("validation_accuracy")]
    public double? ValidationAccuracy { get; init; }

    /// <summary>The epoch of the best validation accuracy.</summary>
    [CsvColumn("best_epoch")]
    public double? BestEpoch { get; init; }

    /// <summary>Validation accuracy at that epoch.</summary>
    [CsvColumn("best_validation_accuracy")]
    public double? BestValidationAccuracy { get; init; }

    /// <summary>Seconds spent training the tested classifier: for fine-tuning its steps, for a probe all strengths' fits; 0 where nothing is trained.</summary>
    [CsvColumn("training_seconds")]
    public double TrainingSeconds { get; init; }

    /// <summary>Images a second: of fine-tuning in training, else of computing frozen features.</summary>
    [CsvColumn("images_per_second")]
    public double ImagesPerSecond { get; init; }

    /// <summary>What computed it: the training of fine-tuning, else the features.</summary>
    [CsvColumn("backend")]
    public string Backend { get; init; } = "";

    /// <summary>The machine that it was computed on.</summary>
    [CsvColumn("machine")]
    public string Machine { get; init; } = "";

    /// <summary>When it was done, in UTC.</summary>
    [CsvColumn("finished")]
    public DateTime Finished { get; init; }
}
