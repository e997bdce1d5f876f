using OneFractal.Data;
using OneFractal.Data.Loading;
using OneFractal.Data.Readers;
using OneFractal.Data.Transforms;
using OneFractal.Evaluation;
using OneFractal.Inference;
using OneFractal.Tests.Data;
using OneFractal.Training;

namespace OneFractal.Tests.Training;

/// <summary>What fine-tuning chooses by itself: recipe, validation images, class weights, and when to stop.</summary>
[TestClass]
[DoNotParallelize]
public sealed class FinetuningDefaultsTests
{
    private static readonly TrainingRecipe Short = new() { Steps = 4, BatchSize = 8, WarmupSteps = 1 };

    [TestMethod]
    [DataRow(3, 3, 100, 2)]
    [DataRow(10, 2, 100, 8)]
    [DataRow(64, 2, 100, 64)]
    [DataRow(1000, 2, 400, 64)]
    [DataRow(50_000, 10, 2830, 128)]
    public void Recipe_FitsTheNumberOfImages(int images, int classes, int steps, int batch)
    {
        var recipe = FinetuningDefaults.Recipe(images, classes).Validated();
        Assert.AreEqual(steps, recipe.Steps);
        Assert.AreEqual(batch, recipe.BatchSize);
        Assert.IsLessThanOrEqualTo(images, recipe.BatchSize);
        Assert.AreEqual(Math.Min(1e-3, 1e-3 * Math.Sqrt(batch / 64.0)), recipe.LearningRate, 1e-6);
        Assert.AreEqual(steps / 10, recipe.WarmupSteps);
    }

    [TestMethod]
    public void FewerImagesOfAClass_AreVariedMore()
    {
        double[] least = [.. new[] { 5, 100, 5000 }.Select(perClass => FinetuningDefaults.Recipe(10 * perClass, 10).Augmentation.CropScale[0])];
        CollectionAssert.AreEqual(new[] { 0.5, 0.7, 0.8 }, least);
        Assert.AreEqual(Yaml.Write(Recipes.Load("finetune-small")), Yaml.Write(FinetuningDefaults.Recipe(1000, 2)), "That is what it is made for.");
    }

    [TestMethod]
    public void Options_WinOverWhatIsChosen_AndRunYamlHoldsWhatWasResolved()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder["photos"], classes: 2, perClass: 5);
        var settings = new FinetuningSettings { Data = folder["photos"], FromScratch = "vit-nano", Adjust = r => r with { Steps = 3, LabelSmoothing = 0.2 } };
        var result = Finetuning.Run(settings, new JobOptions { Output = folder["run"] });
        Assert.AreEqual(3, result.Metrics[^1].Step);
        Assert.AreEqual((6, 2, 2), (result.TrainingImages, result.ValidationImages, result.Test.Count), "Of 5 images, one is to test, one to measure on.");
        var expected = FinetuningDefaults.Recipe(6, 2) with { Steps = 3, LabelSmoothing = 0.2 };
        Assert.AreEqual(Yaml.Write(expected), Yaml.Write(result.Settings.Recipe!));
        var record = Yaml.Read<RunRecord<FinetuningSettings>>(File.ReadAllText(result.Run.RunYaml), result.Run.RunYaml);
        Assert.AreEqual(Yaml.Write(expected), Yaml.Write(record.Settings.Recipe!));
        Assert.AreEqual(FinetuningDefaults.Patience, record.Settings.Patience);
        Assert.AreEqual(new RunImages { Training = 6, Validation = 2, Test = 2 }, record.Images);

        var explicitly = Finetuning.Run(settings with { Recipe = Short, Validation = 0, Patience = 0 }, new JobOptions { Output = folder["explicit"] });
        Assert.AreEqual(Yaml.Write(Short), Yaml.Write(explicitly.Settings.Recipe!), "A recipe is taken as it is.");
        Assert.AreEqual((8, 0), (explicitly.TrainingImages, explicitly.ValidationImages));
        Assert.IsNull(explicitly.Kept);
    }

    [TestMethod]
    public void HeldOut_IsAShareOfEachClass_AtLeastOneWhereThereAreTwo()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, classes: 3, perClass: 20);
        Keep("b", 2);
        Keep("c", 1);
        using var all = new ImageFolderDataset(folder.Path);
        var (training, validation) = FinetuningDefaults.HoldOut(all, seed: 1);
        CollectionAssert.AreEqual(new[] { 3, 1, 0 }, Counts(validation!));
        CollectionAssert.AreEqual(new[] { 17, 1, 1 }, Counts(training));

        var (_, large) = FinetuningDefaults.HoldOut(new GeneratedImages(50_000, 10), seed: 1);
        Assert.AreEqual(FinetuningDefaults.MostValidation, large!.Count);

        var lines = new Lines();
        var resolved = FinetuningDefaults.Resolve(new FinetuningSettings(), training, validation, lines);
        Assert.AreEqual(FinetuningDefaults.Patience, resolved.Patience);
        StringAssert.Contains(lines.Text, "No image to measure on is left for 'c'");
        StringAssert.Contains(lines.Text, "For 19 images of 3 classes: 100 steps of 16");
        CollectionAssert.AreEqual(new[] { 1.0, 10, 10 }, resolved.ClassFactors);
        StringAssert.Contains(lines.Text, "'b' 10 times, 'c' 10 times");
        Assert.IsNull(FinetuningDefaults.Resolve(new FinetuningSettings { ClassWeights = ClassWeighting.None }, training, validation, lines).ClassFactors);

        Keep("a", 1);
        Keep("b", 1);
        using var single = new ImageFolderDataset(folder.Path);
        Assert.IsNull(FinetuningDefaults.HoldOut(single, seed: 1).Validation, "What is not learnt cannot be classified.");

        void Keep(string name, int count)
        {
            foreach (var path in Directory.GetFiles(folder[name]).Skip(count))
            {
                File.Delete(path);
            }
        }
    }

    [TestMethod]
    public void OwnValidationImages_AreMeasuredOn()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder["train"], classes: 2, perClass: 4);
        TestImages.WriteClassFolders(folder["test"], classes: 2, perClass: 1);
        Assert.IsFalse(Datasets.HasValidation(folder.Path));
        TestImages.WriteClassFolders(folder["val"], classes: 2, perClass: 3);
        Assert.IsTrue(Datasets.HasValidation(folder.Path));
        var result = Finetuning.Run(new FinetuningSettings { Data = folder.Path, FromScratch = "vit-nano", Recipe = Short }, new JobOptions { Output = folder["run"] });
        Assert.AreEqual((8, 6, 2), (result.TrainingImages, result.ValidationImages, result.Test.Count));
        File.WriteAllText(folder["list.csv"], "path,label,split\na.png,a,train\nb.png,b,test\n");
        Assert.IsFalse(Datasets.HasValidation(folder["list.csv"]));
        File.AppendAllText(folder["list.csv"], "c.png,a,val\n");
        Assert.IsTrue(Datasets.HasValidation(folder["list.csv"]));
    }

    [TestMethod]
    public void ClassFactors_AreInverseFrequencies_CappedAndOnlyWhereClassesDiffer()
    {
        Assert.IsNull(FinetuningDefaults.ClassFactors([30, 10, 20]));
        CollectionAssert.AreEqual(new[] { 1, 4, 1.333, 10, 1 }, FinetuningDefaults.ClassFactors([100, 25, 75, 2, 0]));
    }

    [TestMethod]
    public void WeightedClasses_ComeAsOftenAsTheyShould_EveryImageAlike_FromAnyStep()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, classes: 2, perClass: 12);
        foreach (var path in Directory.GetFiles(folder["b"]).Skip(3))
        {
            File.Delete(path);
        }

        using var images = new ImageFolderDataset(folder.Path);
        var settings = new LoaderSettings { BatchSize = 15, Workers = 3, Seed = 2, ClassFactors = [1, 4] };
        var transform = new TrainingTransform(new Preprocessing(3, 16, 16), new TrainingTransformSettings());
        var taken = Take(settings, first: 0, count: 24);
        int[] shown = [.. Enumerable.Range(0, 15).Select(i => taken.Sum(b => b.Indices.Count(n => n == i)))];
        // An epoch of 15 has 7 or 8 places for each class: half of 360 images, as evenly as whole passes allow.
        Assert.AreEqual(180, shown[12..].Sum(), 12);
        Assert.IsLessThanOrEqualTo(1, shown[..12].Max() - shown[..12].Min());
        Assert.IsLessThanOrEqualTo(1, shown[12..].Max() - shown[12..].Min());
        // Two crops of 24 pixels may agree by chance; repeats within an epoch that were not varied would leave some 250.
        Assert.IsGreaterThan(345, taken.SelectMany(b => b.Pixels).Distinct().Count(), "An image that comes again is varied anew.");
        CollectionAssert.AreEqual(taken[20..].SelectMany(b => b.Pixels).ToArray(), Take(settings with { Workers = 1 }, first: 20, count: 4).SelectMany(b => b.Pixels).ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => Take(settings with { ClassFactors = [1] }, 0, 1)).Message, "2 positive numbers");

        (int[] Indices, string[] Pixels)[] Take(LoaderSettings loader, long first, int count)
        {
            var batches = new List<(int[], string[])>();
            foreach (var batch in new BatchLoader(images, transform, loader).Stream(first).Take(count))
            {
                using (batch)
                {
                    batches.Add((batch.Indices.ToArray(), [.. batch.Pixels.ToArray().Chunk(3 * 16 * 16).Select(p => string.Join(' ', p))]));
                }
            }

            return [.. batches];
        }
    }

    [TestMethod]
    [DataRow(BackendKind.TorchSharp, 0.0)]
    [DataRow(BackendKind.TorchSharp, 0.5)]
    [DataRow(BackendKind.OnnxRuntime, 0.0)]
    public void WithoutImprovement_TrainingStops_AndTheBestWeightsAreTheResult_InterruptedOrNot(BackendKind backend, double ema)
    {
        using var folder = new TempFolder();
        // Nothing can be learnt that helps on other noise: the best is early.
        var settings = new FinetuningSettings
        {
            Data = "noise", FromScratch = "vit-nano", Patience = 6, Recipe = new TrainingRecipe { Steps = 45, BatchSize = 16, WarmupSteps = 1, LearningRate = 1e-2, EmaDecay = ema },
        };
        var training = new GeneratedImages(32, 2, distinct: false, seed: 1);
        using var validation = new GeneratedImages(40, 2, distinct: false, seed: 2);
        var options = new JobOptions { Output = folder["whole"], Backend = backend, Threads = 1, CheckpointEvery = 1 };
        var metrics = Finetuning.Train(settings, training, validation, options).Metrics;
        var best = metrics.MinBy(r => r.ValidationLoss)!;
        Assert.IsLessThan(45, metrics[^1].Step, "It stopped early.");
        Assert.AreEqual(best.Step + 6, metrics[^1].Step);

        using (var classifier = Classifier.Load(new RunFolder(folder["whole"]).Classifier))
        {
            var scored = TestSet.Evaluate(classifier, validation);
            Assert.AreEqual(best.ValidationAccuracy!.Value, scored.Accuracy, 1e-5);
            Assert.AreEqual(best.ValidationLoss!.Value, scored.Loss, 5e-5);
            Assert.AreNotEqual(metrics[^1].ValidationLoss!.Value, scored.Loss, 5e-4);
        }

        // Stopped while it measures after the best, and twice again, before or after that measurement as the threads have it: with the same end.
        var stopped = options with { Output = folder["stopped"] };
        foreach (var loads in new[] { (int)(40 * (best.Step + 1)) + 5, 20, 10 })
        {
            using var cancellation = new CancellationTokenSource();
            using var watched = new GeneratedImages(40, 2, distinct: false, seed: 2) { Loading = n => Cancel(n, loads, cancellation) };
            Assert.Throws<OperationCanceledException>(() => Finetuning.Train(settings, training, watched, stopped, cancellation.Token));
        }

        Finetuning.Train(settings, training, validation, stopped);
        CollectionAssert.AreEqual(Measured(folder["whole"]), Measured(folder["stopped"]));
        CollectionAssert.AreEqual(File.ReadAllBytes(new RunFolder(folder["whole"]).Classifier), File.ReadAllBytes(new RunFolder(folder["stopped"]).Classifier));
        CollectionAssert.AreEqual(
            File.ReadAllBytes(new RunFolder(folder["whole"]).CheckpointState), File.ReadAllBytes(new RunFolder(folder["stopped"]).CheckpointState));

        static void Cancel(int loaded, int at, CancellationTokenSource cancellation)
        {
            if (loaded == at)
            {
                cancellation.Cancel();
            }
        }

        static (long, double?, double?)[] Measured(string path)
        {
            return [.. new RunFolder(path).ReadMetrics().Select(r => (r.Step, r.ValidationLoss, r.ValidationAccuracy))];
        }
    }

    [TestMethod]
    public void ManyImages_AreLoadedWhenTheyAreNeeded_AndNoOftener()
    {
        using var folder = new TempFolder();
        var images = new GeneratedImages(50_000, 10);
        var (training, validation) = FinetuningDefaults.HoldOut(images, seed: 0);
        var settings = new FinetuningSettings { Data = "many", FromScratch = "vit-nano", Adjust = r => r with { Steps = 2 } };
        var options = new JobOptions { Output = folder["run"], Workers = 1 };
        Finetuning.Train(settings, training, validation, options);
        // Two steps with what is made ahead of them, and two measurements.
        Assert.IsInRange(2 * 128 + 2 * 2000, 8 * 128 + 2 * 2000, images.Loaded);

        // Scoring all of them keeps a few batches, however many there are.
        using var classifier = Classifier.Load(new RunFolder(folder["run"]).Classifier);
        using var test = new GeneratedImages(20_000, 10, seed: 3);
        var loader = LoaderSettings.ForEvaluation(classifier.Preprocessing, workers: 1);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var result = TestSet.Evaluate(classifier, test, loader);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.AreEqual(20_000, result.Count);
        Assert.IsLessThanOrEqualTo(40, result.Mistakes.Count);
        // As tensors they would take 20,000 x 3 x 32 x 32 x 4 bytes, 246 MB.
        Assert.IsLessThan(100_000_000, allocated);
    }

    private static int[] Counts(IImageDataset images)
    {
        return [.. Enumerable.Range(0, images.ClassNames.Count).Select(c => Enumerable.Range(0, images.Count).Count(i => images.Label(i) == c))];
    }

    private sealed class Lines : IProgressReporter
    {
        public string Text { get; private set; } = "";

        public void Message(string text) => Text += text + "\n";

        public IProgressTask Start(string title, long total) => NullProgress.Instance.Start(title, total);
    }
}
