using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>A row of <c>sweep.csv</c>: a cell on a data set by a protocol with a seed. Settings that its weights do not depend on are empty.</summary>
[CsvRecord]
public sealed partial record SweepRow
{
    /// <summary>Key of the cell.</summary>
    [CsvColumn("cell")]
    public string Cell { get; init; } = "";

    /// <summary>Key of its pre-training.</summary>
    [CsvColumn("pretraining")]
    public string Pretraining { get; init; } = "";

    /// <summary>Name of its case.</summary>
    [CsvColumn("case")]
    public string Case { get; init; } = "";

    /// <summary>Its place in the grid, such as "delta 0.1".</summary>
    [CsvColumn("place")]
    public string Place { get; init; } = "";

    /// <summary>Where the weights come from.</summary>
    [CsvColumn("source")]
    public string Source { get; init; } = "";

    /// <summary>The architecture.</summary>
    [CsvColumn("backbone")]
    public string Backbone { get; init; } = "";

    /// <summary>Classes of the pre-training.</summary>
    [CsvColumn("classes")]
    public int? Classes { get; init; }

    /// <summary>Images of each.</summary>
    [CsvColumn("images_per_class")]
    public int? ImagesPerClass { get; init; }

    /// <summary>Sigma-factor.</summary>
    [CsvColumn("sigma")]
    public double? Sigma { get; init; }

    /// <summary>Δ.</summary>
    [CsvColumn("delta")]
    public double? Delta { get; init; }

    /// <summary>Kind of perturbation or distortion.</summary>
    [CsvColumn("perturbation")]
    public string Perturbation { get; init; } = "";

    /// <summary>Steps of the pre-training.</summary>
    [CsvColumn("pretraining_steps")]
    public int? PretrainingSteps { get; init; }

    /// <summary>Images in a step of it.</summary>
    [CsvColumn("pretraining_batch_size")]
    public int? PretrainingBatchSize { get; init; }

    /// <summary>Seed of the pre-training.</summary>
    [CsvColumn("pretraining_seed")]
    public ulong? PretrainingSeed { get; init; }

    /// <summary>Share of its classes told apart at its end.</summary>
    [CsvColumn("pretext_accuracy")]
    public double? PretextAccuracy { get; init; }

    /// <summary>Name of the data set.</summary>
    [CsvColumn("data")]
    public string Data { get; init; } = "";

    /// <summary>finetune, probe, knn or fewshot.</summary>
    [CsvColumn("protocol")]
    public string Protocol { get; init; } = "";

    /// <summary>Labelled images a class, of few-shot runs.</summary>
    [CsvColumn("shots")]
    public int? Shots { get; init; }

    /// <summary>Seed of the evaluation.</summary>
    [CsvColumn("seed")]
    public ulong Seed { get; init; }

    /// <summary>Images learnt from.</summary>
    [CsvColumn("training_images")]
    public int TrainingImages { get; init; }

    /// <summary>Images tested on.</summary>
    [CsvColumn("test_images")]
    public int TestImages { get; init; }

    /// <summary>Steps of fine-tuning.</summary>
    [CsvColumn("steps")]
    public int? Steps { get; init; }

    /// <summary>The learning rate chosen.</summary>
    [CsvColumn("learning_rate")]
    public double? LearningRate { get; init; }

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

    /// <summary>Expected calibration error.</summary>
    [CsvColumn("calibration_error")]
    public double CalibrationError { get; init; }

    /// <summary>Seconds of training.</summary>
    [CsvColumn("training_seconds")]
    public double TrainingSeconds { get; init; }

    /// <summary>What computed it.</summary>
    [CsvColumn("backend")]
    public string Backend { get; init; } = "";

    /// <summary>When it was done, in UTC.</summary>
    [CsvColumn("finished")]
    public DateTime Finished { get; init; }

    /// <summary>The row of a cell's row.</summary>
    internal static SweepRow Of(SweepCellResult result, ResultRow row)
    {
        var (cell, settings) = (result.Cell, result.Cell.Settings);
        var fractals = settings.Source is SweepSource.Fractal or SweepSource.Fractals;
        var recipe = settings.IsPretrained ? SweepPretraining.Of(settings).Run.Recipe : null;
        return new SweepRow
        {
            Cell = cell.Key,
            Pretraining = cell.PretrainingKey ?? "",
            Case = cell.Case,
            Place = cell.Describe(cell.Axes.Keys, withCase: false),
            Source = settings.Source.ToString().ToLowerInvariant(),
            Backbone = row.Architecture,
            Classes = settings.IsPretrained ? settings.Classes : null,
            ImagesPerClass = fractals ? settings.ImagesPerClass : settings.IsPretrained ? 1 : null,
            Sigma = fractals ? settings.Sigma : null,
            Delta = settings.Source is SweepSource.Fractal or SweepSource.Image ? settings.Delta : null,
            Perturbation = settings.Source switch
            {
                SweepSource.Fractal => settings.Perturbation.ToString().ToLowerInvariant(),
                SweepSource.Image => settings.Distortion.ToString().ToLowerInvariant(),
                _ => "",
            },
            PretrainingSteps = recipe?.Steps,
            PretrainingBatchSize = recipe?.BatchSize,
            PretrainingSeed = settings.IsPretrained ? settings.Seed : null,
            PretextAccuracy = result.PretextAccuracy,
            Data = row.Data,
            Protocol = row.Protocol,
            Shots = row.Shots,
            Seed = row.Seed,
            TrainingImages = row.TrainingImages,
            TestImages = row.TestImages,
            Steps = row.Steps,
            LearningRate = row.LearningRate,
            Top1 = row.Top1,
            Top5 = row.Top5,
            BalancedAccuracy = row.BalancedAccuracy,
            MacroF1 = row.MacroF1,
            CalibrationError = row.CalibrationError,
            TrainingSeconds = row.TrainingSeconds,
            Backend = row.Backend,
            Finished = row.Finished,
        };
    }
}
