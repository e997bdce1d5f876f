using System.Text.Json;
using OneFractal.Evaluation;
using OneFractal.Inference;

namespace OneFractal.Tests.Evaluation;

/// <summary>What <c>export --for</c> writes, loaded where the stack can be had.</summary>
[TestClass]
public sealed class ModelBundleTests
{
    [TestMethod]
    public void Web_HasTheModel_AndAllThatAPageMustKnow()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["trained.onnx"]);
        var report = ModelExport.Run(folder["trained.onnx"], folder["web"], new ModelExportSettings { For = BundleKind.Web });
        CollectionAssert.IsSubsetOf(new[] { "model.onnx", "config.json" }, report.Files.ToArray());
        using var config = JsonDocument.Parse(File.ReadAllText(folder["web", "config.json"]));
        var root = config.RootElement;
        CollectionAssert.AreEqual(TestModels.Labels, root.GetProperty("labels").EnumerateArray().Select(l => l.GetString()).ToArray());
        Assert.AreEqual(32, root.GetProperty("height").GetInt32());
        Assert.AreEqual("bilinear", root.GetProperty("interpolation").GetString());
        Assert.AreEqual("images", root.GetProperty("input").GetString());
        Assert.AreEqual("logits", root.GetProperty("output").GetString());
        using var runner = ModelRunner.Load(folder["web", root.GetProperty("model").GetString()!]);
        Assert.AreEqual(5, runner.OutputLength);
    }
}
