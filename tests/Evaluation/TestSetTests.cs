using OneFractal.Data;
using OneFractal.Data.Loading;
using OneFractal.Data.Readers;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Training;
using OneFractal.Tests.Data;

namespace OneFractal.Tests.Evaluation;

[TestClass]
public sealed class TestSetTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Evaluate_CountsWhatPredictSays_WithClassesMatchedByName(bool preprocessesByItself)
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, classes: 3, perClass: 5);
        using var dataset = new ImageFolderDataset(folder.Path);
        // The classifier knows more classes than the data set, in another order.
        var model = Backbone.WithHead(TestModels.Features(), ["x", "c", "b", "a", "y", "z"], seed: 5);
        model = preprocessesByItself ? EmbeddedPreprocessing.Apply(DeploymentForm.Apply(model), model.Metadata!.Preprocessing) : model;
        using var classifier = Classifier.Create(model);
        int correct = 0, top5 = 0;
        var loss = 0.0;
        for (var i = 0; i < dataset.Count; i++)
        {
            var prediction = classifier.Predict(dataset.Describe(i));
            var name = dataset.ClassNames[dataset.Label(i)];
            correct += prediction.Label == name ? 1 : 0;
            top5 += prediction.Top(5).Any(c => c.Label == name) ? 1 : 0;
            loss -= Math.Log(prediction.Top(6).Single(c => c.Label == name).Probability);
        }

        var result = TestSet.Evaluate(classifier, dataset, new LoaderSettings { BatchSize = 4 });
        Assert.AreEqual(15, result.Count);
        Assert.AreEqual(correct, result.Correct);
        Assert.AreEqual(top5, result.CorrectTop5);
        Assert.AreEqual(loss / 15, result.Loss, 1e-4);
        Assert.AreEqual(correct / 15.0, result.Accuracy);
    }

    /// <summary>A file that gives probabilities scores as the same classifier that gives logits.</summary>
    [TestMethod]
    public void Probabilities_AreNotTakenForLogits()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, classes: 3, perClass: 5);
        using var dataset = new ImageFolderDataset(folder.Path);
        var model = Backbone.WithHead(TestModels.Features(), ["a", "b", "c", "d", "e", "f"], seed: 5);
        var head = model.FindInitializer("head.weight")!;
        head.SetFloats([.. head.ToFloats().Select(v => 20 * v)]);
        using var logits = Classifier.Create(model);
        using var probabilities = Classifier.Create(OutputSelection.Apply(model, ModelOutput.Probabilities));
        var (expected, actual) = (TestSet.Evaluate(logits, dataset), TestSet.Evaluate(probabilities, dataset));
        Assert.AreEqual(expected.Correct, actual.Correct);
        Assert.AreEqual(expected.CorrectTop5, actual.CorrectTop5);
        // float32 probabilities have 7 digits.
        Assert.AreEqual(expected.Loss, actual.Loss, 1e-5 * expected.Loss);
        Assert.AreNotEqual(Math.Log(6), expected.Loss, 0.1, "A loss that says little compares little.");
        CollectionAssert.AreEqual(expected.Mistakes.Select(m => m.Index).ToArray(), actual.Mistakes.Select(m => m.Index).ToArray());
        foreach (var (e, a) in expected.Mistakes.Zip(actual.Mistakes))
        {
            Assert.AreEqual(e.Probability, a.Probability, 1e-5);
        }
    }

    [TestMethod]
    public void AClassThatTheClassifierDoesNotKnow_IsNamed()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, classes: 2, perClass: 1);
        using var dataset = new ImageFolderDataset(folder.Path);
        using var classifier = Classifier.Create(Backbone.WithHead(TestModels.Features(), ["a", "q"]));
        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => TestSet.Evaluate(classifier, dataset)).Message, "class 'b'");
    }
}
