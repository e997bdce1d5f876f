using OneFractal.Evaluation;
using OneFractal.Tests.Cli;
using OneFractal.Tests.Training;
using OneFractal.Training;
using OpenCvSharp;

namespace OneFractal.Tests.Evaluation;

/// <summary>What one finds in the run folder when a fine-tuning has ended.</summary>
[TestClass]
[DoNotParallelize]
public sealed class ClassifierReportTests
{
    [TestMethod]
    public void FiveImagesOfAClass_MakeAClassifierThatPredicts()
    {
        using var folder = new TempFolder();
        FinetuningTests.WriteClasses(folder["photos"], count: 5);
        var result = CliRunner.Run("finetune", folder["photos"], "--from-scratch", "vit-nano", "-o", folder["run"]);
        Assert.AreEqual(0, result.ExitCode, result.Error);
        var run = new RunFolder(folder["run"]);
        StringAssert.Contains(result.Error, "For 6 images of 2 classes: 100 steps of 4, learning rate 0.00025");
        StringAssert.Contains(result.Output, "6 learnt, 2 to measure on");
        StringAssert.Contains(result.Output, "100.00 % of 2 images", "Red against blue is learnt from three images each.");
        StringAssert.EndsWith(result.Output.TrimEnd(), UsageSnippet.For(run.Classifier));
        Assert.IsFalse(File.Exists(run.MistakesPng), "There are no mistakes to show.");
        CollectionAssert.AreEqual(
            new[] { "class,images,predicted,precision,recall,f1", "blau_äö,1,1,1,1,1", "rot,1,1,1,1,1" }, File.ReadAllLines(run.ClassesCsv));
        using var confusion = Cv2.ImRead(run.ConfusionPng);
        Assert.IsGreaterThan(400, confusion.Width);

        var predicted = CliRunner.Run("predict", run.Classifier, folder["photos", "rot", "02.png"]);
        StringAssert.Contains(predicted.Output, "\trot\t");
    }

    [TestMethod]
    public void Mistakes_AreShownTheSurestFirst_WithTheirFiles()
    {
        using var folder = new TempFolder();
        FinetuningTests.WriteClasses(folder["photos"], count: 25, third: true);
        // A test image in the wrong folder: whoever learnt the colours takes it for what it is.
        var finetuned = Finetuning.Run(
            new FinetuningSettings { Data = folder["photos"], FromScratch = "vit-nano", Adjust = r => r with { Steps = 60 } }, new JobOptions { Output = folder["run"] });
        using var test = Finetuning.Open(finetuned.Settings, OneFractal.Data.DatasetSplit.Test, finetuned.Run, new JobOptions { Output = folder["run"] });
        var red = Enumerable.Range(0, test.Count).First(i => test.ClassNames[test.Label(i)] == "rot");
        File.Copy(Path.Combine(folder["photos"], "grün", "00.png"), test.Describe(red), overwrite: true);

        var report = ClassifierReport.Write(finetuned, new JobOptions { Output = folder["run"] });
        Assert.AreEqual(14, report.Test.Correct);
        Assert.AreEqual(15, report.Test.Count);
        var mistake = report.Test.Mistakes.Single();
        Assert.AreEqual(red, mistake.Index);
        var lines = File.ReadAllLines(finetuned.Run.MistakesCsv);
        Assert.HasCount(2, lines);
        StringAssert.StartsWith(lines[1], $"{test.Describe(red)},rot,grün,0.");
        var classes = File.ReadAllLines(finetuned.Run.ClassesCsv);
        CollectionAssert.AreEqual(new[] { "blau_äö,5,5,1,1,1", "grün,5,6,0.83333,1,0.90909", "rot,5,4,1,0.8,0.88889" }, classes[1..]);

        // A tile of the green image above a caption of two lines.
        using var sheet = Cv2.ImRead(finetuned.Run.MistakesPng);
        Assert.AreEqual(new Size(6 + 166, 6 + 198), sheet.Size());
        var pixel = sheet.At<Vec3b>(60, 60);
        Assert.IsTrue(pixel.Item1 > 2 * pixel.Item0 && pixel.Item1 > 2 * pixel.Item2, $"{pixel} is not green.");
        CollectionAssert.IsSubsetOf(new[] { finetuned.Run.ConfusionPng, finetuned.Run.MistakesPng }, report.Files.ToArray());
    }

    [TestMethod]
    [DataRow(2)]
    [DataRow(300)]
    public void ConfusionPicture_IsOfAnyNumberOfClasses(int classes)
    {
        using var folder = new TempFolder();
        int[] labels = [.. Enumerable.Range(0, classes)];
        string[] names = [.. labels.Select(c => $"klasse {c}")];
        byte[] Picture(int[] predicted)
        {
            ConfusionPlot.Write(folder["confusion.png"], "title", ConfusionMatrix.Of(labels, predicted, classes), names);
            return File.ReadAllBytes(folder["confusion.png"]);
        }

        var (right, wrong) = (Picture(labels), Picture([.. labels.Reverse()]));
        using var first = Cv2.ImDecode(right, ImreadModes.Color);
        using var second = Cv2.ImDecode(wrong, ImreadModes.Color);
        Assert.IsLessThanOrEqualTo(1700, first.Width);
        using var difference = new Mat();
        Cv2.Absdiff(first, second, difference);
        using var values = difference.Reshape(1);
        Cv2.MinMaxLoc(values, out double _, out double largest);
        Assert.IsGreaterThan(100, largest, "Dark cells are where images are.");
    }

    [TestMethod]
    public void Snippet_IsTheCompiledOne_WithTheFilesOwnPath()
    {
        var source = File.ReadAllLines(Path.Combine(Repository.Root, "tests", "Evaluation", "UsageSnippetSample.cs"));
        var from = Array.FindIndex(source, l => l.Contains("<sample>")) + 1;
        var to = Array.FindIndex(source, l => l.Contains("</sample>"));
        var sample = string.Join('\n', source[from..to].Select(l => l[8..]));
        Assert.AreEqual(source[0] + "\n\n" + sample, UsageSnippet.For("runs/photos/classifier.onnx"));
        StringAssert.Contains(UsageSnippet.For("C:\\my \"photos\"\\c.onnx"), "Load(\"C:\\\\my \\\"photos\\\"\\\\c.onnx\")");
    }
}
