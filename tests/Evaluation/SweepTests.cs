using CsvHelper;
using OneFractal.Evaluation;
using OneFractal.Tests.Training;
using OneFractal.Training;
using OpenCvSharp;

namespace OneFractal.Tests.Evaluation;

[TestClass]
[DoNotParallelize]
public sealed class SweepTests
{
    [TestMethod]
    [DynamicData(nameof(ReadyMade))]
    public void ReadyMadeSweep_HasCells_AndPublishedFiguresBesideThem(string name)
    {
        var definition = SweepDefinition.Load(name);
        var cells = definition.Expand();
        Assert.IsGreaterThan(3, cells.Count);
        Assert.IsNotEmpty(definition.About);
        var published = PublishedFigures.For(definition.XAxis, [.. cells.Select(c => new SweepCell("", null, c.Case, c.Axes, c.Settings))]);
        Assert.IsGreaterThan(3, published.Count);
        Assert.IsTrue(published.All(p => cells.Any(c => PublishedFigures.IsSame(p.Value, definition.XAxis == SweepDefinition.CaseAxis ? c.Case : c.Axes[definition.XAxis]))), "Each has a cell at its place.");
    }

    public static IEnumerable<string[]> ReadyMade => SweepDefinition.Names.Select(n => (string[])[n]);

    [TestMethod]
    public void Cells_ShareWhatIsTheSame_AndNothingIsDoneTwice()
    {
        using var folder = new TempFolder();
        var definition = Definition(folder, "finetune_steps: [2, 3]\n  delta: [0.01, 0.1]");
        var options = new JobOptions { Output = folder["out"], Device = ComputeDevice.Cpu };
        var preview = Sweep.Preview(definition, 0, options);
        Assert.HasCount(8, preview.Cells);
        Assert.AreEqual((2, 2), (preview.Pretrainings, preview.PretrainingsLeft), "Two Δ; fine-tuning does not matter for it.");
        Assert.AreEqual((6, 6), (preview.Evaluations, preview.EvaluationsLeft), "Random weights have no Δ.");
        Assert.AreEqual("vit-nano", preview.Estimate.Speeds.Single().Network);
        Assert.IsGreaterThan(TimeSpan.Zero, preview.Estimate.Time);
        Assert.IsFalse(Directory.Exists(folder["out"]), "Nothing is written.");

        var result = Sweep.Run(definition, 0, 1, null, options);
        Assert.IsEmpty(result.Failures);
        Assert.HasCount(2, Directory.GetDirectories(folder["out", "pretrainings"]));
        Assert.HasCount(6, Directory.GetDirectories(folder["out", "cells"]));
        Assert.HasCount(8 * 2, result.Rows, "Two seeds.");
        CollectionAssert.AreEqual(result.Rows.ToArray(), Rows(result.Folder.SweepCsv).ToArray());
        foreach (var row in result.Rows)
        {
            Assert.AreEqual(row.Place.Contains("steps 2", StringComparison.Ordinal) ? 2 : 3, row.Steps);
            Assert.AreEqual(row.Source == "scratch", row.PretextAccuracy is null && row.Delta is null && row.Pretraining.Length == 0);
            Assert.IsTrue(row.Source == "scratch" || row.Place.EndsWith(FormattableString.Invariant($"delta {row.Delta}"), StringComparison.Ordinal));
        }

        // What was evaluated is what was pre-trained with that Δ.
        var cell = result.Cells.First(c => c.Settings is { Source: SweepSource.Fractal, Delta: 0.01 });
        StringAssert.Contains(File.ReadAllText(result.Folder.Pretraining(cell.PretrainingKey!).RunYaml), "delta: 0.01");
        StringAssert.Contains(File.ReadAllText(result.Folder.Cell(cell.Key).RunYaml), cell.PretrainingKey);

        var before = LastWrites(folder);
        var again = Sweep.Run(definition, 0, 1, null, options with { Resume = true });
        CollectionAssert.AreEqual(result.Rows.ToArray(), again.Rows.ToArray());
        CollectionAssert.AreEqual(before, LastWrites(folder));
        Assert.AreEqual((0, 0), Left(definition));
        Assert.AreEqual((0, 3), Left(definition.With(["finetune_steps=[2,3,4]"])), "More cells add to it.");
        Assert.AreEqual((2, 6), Left(definition.With(["seed=7"])), "Another seed is another cell.");
        Assert.AreEqual(8, Sweep.Preview(definition, 7, options).Cells.Count(c => !c.Done));

        (int Pretrainings, int Evaluations) Left(SweepDefinition asked)
        {
            var left = Sweep.Preview(asked, 0, options);
            return (left.PretrainingsLeft, left.EvaluationsLeft);
        }
    }

    [TestMethod]
    public void Report_DrawsThePublishedCurve_AndSaysThatTheScaleDiffers()
    {
        using var folder = new TempFolder();
        var result = Sweep.Run(Definition(folder, "delta: [0.001, 0.1, 1.0]", "probe"), 0, 1, null, new JobOptions { Output = folder["out"], Device = ComputeDevice.Cpu });
        var page = File.ReadAllText(result.Folder.ReportHtml);
        foreach (var part in (string[])["&lt;b&gt;", "Content-Security-Policy", "compare the trends, never the heights", "84.2 %", "arXiv 2408.00677", "data:image/png;base64,", Machine.Description])
        {
            StringAssert.Contains(page, part);
        }

        var plot = Directory.GetFiles(result.Folder.Plots).Single();
        using var image = Cv2.ImRead(plot);
        Assert.AreEqual(new Size(1200, 640), image.Size());
        // B, G, R: the first two series, and the published curve.
        foreach (var colour in (Scalar[])[new(0xb4, 0x77, 0x1f), new(0x0e, 0x7f, 0xff), new(0x80, 0x80, 0x80)])
        {
            using var mask = new Mat();
            Cv2.InRange(image, colour, colour, mask);
            Assert.IsGreaterThan(40, Cv2.CountNonZero(mask), $"{colour}");
        }

        StringAssert.StartsWith(File.ReadAllText(result.Folder.ResultsMarkdown), "| data");
        Assert.HasCount(6, result.Figures);
        CollectionAssert.AreEqual(
            new[] { ("1p-frac, delta 0.001", "scratch, delta 0.001"), ("1p-frac, delta 0.1", "scratch, delta 0.1"), ("1p-frac, delta 1.0", "scratch, delta 1.0") },
            result.Comparisons.Select(c => (c.Backbone, c.Reference)).ToArray());
        Assert.AreEqual(0, result.Comparisons[0].Difference.Mean, "Two colours are linearly separable, whatever the weights.");
        if (Chromium.Path is not null)
        {
            var (dom, console) = Chromium.Open(folder, result.Folder.ReportHtml, "--dump-dom");
            Assert.IsEmpty(console, string.Join('\n', console));
            Assert.AreEqual(page.Split("<tr>").Length, dom.Split("<tr>").Length, "The browser finds the rows that were written.");
        }
    }

    [TestMethod]
    [DataRow(new[] { 0.1, 0.2, 0.5 }, 1.0)]
    [DataRow(new[] { 0.5, 0.3, 0.1 }, -1.0)]
    [DataRow(new[] { 0.5, 0.1, 0.3 }, -0.5)]
    [DataRow(new[] { 0.3, 0.3, 0.3 }, null)]
    [DataRow(new[] { 0.1, 0.2 }, null)]
    public void Trend_IsTheRankCorrelation_WhereThereIsOne(double[] ours, double? expected)
    {
        string[] deltas = ["0.001", "0.01", "0.1"];
        var figures = ours.Select((top1, i) => new SweepFigures("d", "kNN", "", deltas[i], Interval.Of([top1]), null)).Append(new SweepFigures("d", "kNN", "", "7", Interval.Of([0.9]), null));
        PublishedFigure[] published = [new() { Value = "0.0010", Top1 = 1.2 }, new() { Value = "1e-2", Top1 = 19.9 }, new() { Value = "0.1", Top1 = 84.2 }, new() { Value = "0.2", Top1 = 83 }];
        var trend = SweepReport.Trend(figures, published)?.Rank;
        Assert.AreEqual(expected ?? double.NaN, trend ?? double.NaN, 1e-12);
    }

    [TestMethod]
    public void EverySource_IsPreTrainedOn_AndAFailureDoesNotEndTheOthers()
    {
        using var folder = new TempFolder();
        FinetuningTests.WriteClasses(folder["photos"], count: 12);
        File.WriteAllText(folder["no.png"], "no image");
        using (var picture = new Mat(80, 80, MatType.CV_8UC3, Scalar.Black))
        {
            Cv2.Circle(picture, new Point(40, 40), 20, Scalar.White, 3);
            Cv2.ImWrite(folder["picture.png"], picture);
        }

        TestModels.Features().Save(folder["ours.onnx"]);
        var definition = SweepDefinition.Parse(
            $$"""
            base: {data: {{folder["photos"]}}, protocols: knn, seeds: 1, labelled: 12, classes: 4, size: 48, points: 2000, steps: 2, batch_size: 4}
            cases:
              - {name: one, source: fractal, perturbation: additive}
              - {name: many, source: fractals, images_per_class: 2}
              - {name: noise, source: noise}
              - {name: picture, source: image, image: {{folder["picture.png"]}}}
              - {name: broken, source: image, image: {{folder["no.png"]}}}
              - {name: file, source: file, file: {{folder["ours.onnx"]}}}
              - {name: elsewhere, source: file, file: {{folder["none.onnx"]}}, optional: Draw one.}
            """,
            "all.yaml");
        var result = Sweep.Run(definition, 0, 1, null, new JobOptions { Output = folder["out"], Device = ComputeDevice.Cpu });
        CollectionAssert.AreEqual(new[] { "one", "many", "noise", "picture", "file" }, result.Rows.Select(r => r.Case).ToArray());
        CollectionAssert.AreEqual(new[] { "pre-training of broken", "broken" }, result.Failures.Select(f => f.Name).ToArray());
        StringAssert.Contains(result.Failures[0].Error, "no.png");
        StringAssert.Contains(File.ReadAllText(result.Folder.FailuresCsv), "no.png");
        StringAssert.Contains(result.Notes.Single(), "Draw one.");
        StringAssert.Contains(File.ReadAllText(result.Folder.ReportHtml), "What failed");

        // Mended, it is done with the others kept.
        File.Copy(folder["picture.png"], folder["no.png"], overwrite: true);
        var mended = Sweep.Run(definition, 0, 1, null, new JobOptions { Output = folder["out"], Device = ComputeDevice.Cpu });
        Assert.IsEmpty(mended.Failures);
        Assert.IsFalse(File.Exists(mended.Folder.FailuresCsv));
        Assert.HasCount(6, mended.Rows);
        Assert.AreEqual(result.Rows[0], mended.Rows[0]);
        Assert.AreEqual(mended.Rows[3].Cell, mended.Rows[4].Cell, "The same picture by another name is the same cell.");
    }

    [TestMethod]
    public void Key_FollowsSettingsAndContent_NotPlaceOrName()
    {
        using var folder = new TempFolder();
        FinetuningTests.WriteClasses(folder["photos"], count: 12);
        string Key(params string[] settings)
        {
            var definition = SweepDefinition.Parse($"base: {{data: d={folder["photos"]}, labelled: 12}}", "key.yaml").With(settings);
            return SweepPlan.Make(definition, 0, new SweepFolder(folder["out"]), CancellationToken.None).Cells.Single().Key;
        }

        var key = Key();
        Assert.MatchesRegex("^[0-9a-f]{16}$", key);
        Assert.AreEqual(key, Key("delta=0.1", "steps=3000", "lr_choices=[0.0003, 0.001, 0.003]"), "Defaults that are said.");
        Assert.AreEqual(key, Key("instance_delta=0.3"), "There is one image a class.");
        string[] others = ["delta=0.2", "sigma=4", "classes=8", "images_per_class=2", "perturbation=additive", "backbone=vit-micro", "steps=2999", "batch_size=8", "seed=1", "source=noise", "source=scratch", "protocols=knn", "seeds=2", "finetune_steps=3", "labelled=11", "test_images=2", "size=64", "image_size=48"];
        Assert.HasCount(others.Length + 1, others.Select(o => Key(o)).Append(key).Distinct());
        Assert.AreNotEqual(Key("source=scratch"), Key("source=scratch", "image_size=48"));
        Directory.Move(folder["photos"], folder["moved"]);
        Assert.AreEqual(key, Key($"data=d={folder["moved"]}"));
        File.Copy(folder["moved", "rot", "00.png"], folder["moved", "rot", "01.png"], overwrite: true);
        Assert.AreNotEqual(key, Key($"data=d={folder["moved"]}"), "An image was changed.");
    }

    [TestMethod]
    [DataRow("base: {delt: 1}", "there is no setting 'delt'")]
    [DataRow("grid: {delta: [0.1, wide]}", "grid: delta cannot be 'wide'")]
    [DataRow("base: {perturbation: odd}", "use multiplicative, additive")]
    [DataRow("grid: {delta: []}", "delta needs a list")]
    [DataRow("cases: [{source: scratch}]", "needs a name")]
    [DataRow("cases: [{name: a}, {name: a}]", "two are called 'a'")]
    [DataRow("x: sigma\ngrid: {delta: [1]}", "x is 'sigma'")]
    [DataRow("titel: x", "line 1")]
    [DataRow("base: [1", "line 1")]
    public void Mistake_IsOneClearLine(string yaml, string expected)
    {
        var error = Assert.ThrowsExactly<UsageException>(() => SweepDefinition.Parse(yaml, "my.yaml"));
        StringAssert.Contains(error.Message, expected);
        StringAssert.Contains(error.Message, "'my.yaml'");
        Assert.DoesNotContain("\n", error.Message);
    }

    [TestMethod]
    [DataRow("backbone=vit-huge", "vit-huge")]
    [DataRow("source=file", "needs the file")]
    [DataRow("source=image", "needs the picture")]
    [DataRow("data=nowhere", "nowhere")]
    [DataRow("steps=0", "--steps")]
    [DataRow("recipe=none", "none")]
    [DataRow("seeds=0", "--seeds")]
    [DataRow("nonsense", "NAME=VALUE")]
    public void CellThatCannotBeRun_IsSaidBeforeAnythingRuns(string setting, string expected)
    {
        using var folder = new TempFolder();
        FinetuningTests.WriteClasses(folder["photos"], count: 12);
        var options = new JobOptions { Output = folder["out"], Device = ComputeDevice.Cpu };
        var error = Assert.Throws<OneFractalException>(
            () => Sweep.Run(SweepDefinition.Parse($"base: {{data: {folder["photos"]}}}", "s.yaml").With([setting]), 0, 1, null, options));
        StringAssert.Contains(error.Message, expected);
        Assert.IsFalse(Directory.Exists(folder["out"]));
    }

    [TestMethod]
    public void SeveralPretrainingSeeds_AreTheIntervalsSample()
    {
        var definition = SweepDefinition.Parse("grid: {delta: [0.1], seed: [0, 1]}", "seeds.yaml");
        var cells = definition.Expand().Select((c, i) => new SweepCellResult(
            new SweepCell($"{i}", "p", c.Case, c.Axes, c.Settings), 0.5 + 0.1 * i, [Row(0, 0.4 + 0.2 * i), Row(1, 0.6 + 0.2 * i)]));
        var figure = SweepFigures.Of(definition, cells).Single();
        Assert.AreEqual(("0.1", 2), (figure.X, figure.Top1.Count));
        var expected = Interval.Of([0.5, 0.7]);
        Assert.AreEqual(expected.Mean, figure.Top1.Mean, 1e-12);
        Assert.AreEqual(expected.HalfWidth!.Value, figure.Top1.HalfWidth!.Value, 1e-12);
        Assert.AreEqual(0.55, figure.PretextAccuracy!.Value, 1e-12);

        static ResultRow Row(ulong seed, double top1) => new() { Data = "d", Protocol = "knn", Seed = seed, Top1 = top1 };
    }

    /// <summary>Pre-training and random weights over a grid, all of it tiny.</summary>
    private static SweepDefinition Definition(TempFolder folder, string grid, string protocol = "finetune")
    {
        FinetuningTests.WriteClasses(folder["photos"], count: 12);
        return SweepDefinition.Parse(
            $$"""
            title: Is <b>it</b> so?
            x: delta
            base:
              data: {{folder["photos"]}}
              protocols: {{protocol}}
              seeds: 2
              labelled: 12
              lr_choices: [0.001]
              finetune_steps: 2
              finetune_batch_size: 4
              classes: 4
              size: 48
              points: 2000
              steps: 2
              batch_size: 4
            cases:
              - {name: 1p-frac}
              - {name: scratch, source: scratch}
            grid:
              {{grid}}
            """,
            "test.yaml");
    }

    private static IReadOnlyList<SweepRow> Rows(string path)
    {
        using var reader = CsvReader.FromFile(path);
        return [.. reader.GetRecords<SweepRow>()];
    }

    private static string[] LastWrites(TempFolder folder)
    {
        return [.. new[] { "pretrainings", "cells" }
            .SelectMany(f => Directory.GetFiles(folder["out", f], "*", SearchOption.AllDirectories))
            .Order(StringComparer.Ordinal)
            .Select(f => $"{f} {File.GetLastWriteTimeUtc(f):O}")];
    }
}
