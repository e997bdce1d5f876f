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
