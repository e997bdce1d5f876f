using System.Net;
using System.Text.RegularExpressions;
using OneFractal.Evaluation;
using OneFractal.Tests.Training;
using OneFractal.Training;
using OpenCvSharp;

namespace OneFractal.Tests.Evaluation;

/// <summary>The page of a transfer evaluation, in a browser too.</summary>
[TestClass]
[DoNotParallelize]
public sealed partial class TransferReportTests
{
    private const string Name = "<i>photos</i> & \"more\"";
    private static readonly TempFolder Folder = new();
    private static TransferResult _result = null!;
    private static string _page = "";

    [ClassInitialize]
    public static void Evaluate(TestContext context)
    {
        FinetuningTests.WriteClasses(Folder["photos"], count: 30, third: true);
        // Red images among the green ones, so that nothing can be right about all.
        for (var i = 0; i < 25; i++)
        {
            File.Copy(Folder["photos", "rot", $"{i:00}.png"], Folder["photos", "grün", $"a{i:00}.png"]);
        }

        TestModels.Features().Save(Folder["ours.onnx"]);
        var settings = new TransferSettings
        {
            Backbones = [BackboneSource.Parse(Folder["ours.onnx"]), BackboneSource.Parse("scratch:vit-nano")],
            Data = [DataSource.Parse($"{Name}={Folder["photos"]}")],
            Protocols = [TransferProtocol.Finetune, TransferProtocol.Knn],
            Seeds = 2,
            Labelled = 30,
            Recipe = new TrainingRecipe { Steps = 8, BatchSize = 8, WarmupSteps = 2 },
        };
        _result = TransferEvaluation.Run(settings, new JobOptions { Output = Folder["out"], Device = ComputeDevice.Cpu });
        _page = File.ReadAllText(_result.Folder.ReportHtml);
    }

    [ClassCleanup]
    public static void Delete() => Folder.Dispose();

    [TestMethod]
    public void Page_HoldsEverything_AndRefersToNothing()
    {
        var markup = Picture().Replace(_page, "");
        Assert.DoesNotMatchRegex("(?i)https?:|//[a-z]|<script|<link|@import|url\\(", markup);
        foreach (Match reference in Reference().Matches(_page))
        {
            Assert.StartsWith("data:image/png;base64,", reference.Groups[1].Value);
            using var image = Cv2.ImDecode(Convert.FromBase64String(reference.Groups[1].Value.Split(',')[1]), ImreadModes.Unchanged);
            Assert.IsFalse(image.Empty(), "Every picture can be decoded.");
        }

        Assert.DoesNotContain("<i>", markup, "Names are text.");
        var text = WebUtility.HtmlDecode(Tag().Replace(markup, ""));
        foreach (var part in _result.Summary.Table().Concat(_result.Summary.ComparisonTable()).SelectMany(row => row).Append(Name).Append(Machine.Description))
        {
            Assert.Contains(part, text);
        }

        Assert.IsTrue(_result.Runs.All(r => r.Mistakes.Count > 0), "Red images are of two classes.");
        // Of each backbone and protocol, those of the first seed.
        Assert.AreEqual(_result.Runs.Where(r => r.Row.Seed == 0).Sum(r => r.Mistakes.Count), _page.Split("<figure>").Length - 1);
        Assert.AreEqual(4, _page.Split("class=\"matrix\"").Length - 1);
    }

    [TestMethod]
    public void Plots_AreFilesToo_AndTheMarkdownHasTheFigures()
    {
        string[] plots = [.. Directory.GetFiles(_result.Folder.Plots).Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal)];
        CollectionAssert.AreEqual(new[] { "accuracy--i-photos--i-----more-.png", "curves--i-photos--i-----more-.png" }, plots);
        foreach (var plot in plots)
        {
            using var image = Cv2.ImRead(Path.Combine(_result.Folder.Plots, plot));
            Assert.AreEqual(1200, image.Cols);
        }

        var markdown = File.ReadAllText(_result.Folder.ResultsMarkdown);
        Assert.StartsWith("| data", markdown);
        Assert.Contains(_result.Summary.Table()[0][3], markdown);
    }

    [TestMethod]
    public void Browser_ShowsIt_WithoutAComplaint()
    {
        if (Chromium.Path is null)
        {
            Assert.Inconclusive("There is no Chromium: apt-get install chromium.");
        }

        var (dom, console) = Chromium.Open(Folder, _result.Folder.ReportHtml, "--dump-dom");
        Assert.IsEmpty(console, string.Join('\n', console));
        Assert.IsTrue(dom.Contains("Does pre-training transfer?", StringComparison.Ordinal));
        Assert.AreEqual(_page.Split("<tr>").Length, dom.Split("<tr>").Length, "The markup is sound: the browser finds the rows that were written.");
        Assert.AreEqual(_page.Split("<figure>").Length, dom.Split("<figure>").Length);

        Chromium.Open(Folder, _result.Folder.ReportHtml, $"--screenshot={Folder["screen.png"]}", "--window-size=1200,5000");
        using var screen = Cv2.ImRead(Folder["screen.png"]);
        Assert.AreEqual(new Size(1200, 5000), screen.Size());
        // B, G, R: the background, text, the first two backbones' colours in the plots, the diagonal of a confusion matrix, red images that are mistakes.
        Assert.IsGreaterThan(0.4, Share(screen, new Scalar(255, 255, 255), 2));
        Assert.IsGreaterThan(0.003, Share(screen, new Scalar(0x30, 0x24, 0x1c), 40));
        Assert.IsGreaterThan(0.001, Share(screen, new Scalar(0xb4, 0x77, 0x1f), 4));
        Assert.IsGreaterThan(0.001, Share(screen, new Scalar(0x0e, 0x7f, 0xff), 4));
        Assert.IsGreaterThan(0.0005, Share(screen, new Scalar(0x4e, 0x86, 0x35), 12));
        Assert.IsGreaterThan(0.0005, Share(screen, new Scalar(15, 15, 165), 55));

        // That a complaint would be heard: the page may not load what is not in it.
        File.WriteAllText(Folder["broken.html"], _page.Replace("</body>", "<img src=\"https://127.0.0.1:1/x.png\"></body>"));
        Assert.IsNotEmpty(Chromium.Open(Folder, Folder["broken.html"], "--dump-dom").Console);
    }

    private static double Share(Mat image, Scalar colour, int tolerance)
    {
        using var mask = new Mat();
        Scalar Moved(int by) => new(colour.Val0 + by, colour.Val1 + by, colour.Val2 + by);
        Cv2.InRange(image, Moved(-tolerance), Moved(tolerance), mask);
        return Cv2.CountNonZero(mask) / (double)(image.Rows * image.Cols);
    }

    [GeneratedRegex("(?:src|href)=\"([^\"]*)\"")]
    private static partial Regex Reference();

    [GeneratedRegex("data:image/png;base64,[A-Za-z0-9+/=]*")]
    private static partial Regex Picture();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();
}
