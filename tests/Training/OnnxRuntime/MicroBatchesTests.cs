using OneFractal.Export;
using OneFractal.Training;

namespace OneFractal.Tests.Training;

/// <summary>That a step in parts of its batch, with the class token selected early, is the step of the whole batch.</summary>
[TestClass]
public sealed class MicroBatchesTests
{
    private const int Batch = 8;
    private const double Tolerance = 1e-5;

    [TestMethod]
    [DataRow("vit-nano", 32, 2)]
    [DataRow("vit-nano", 32, 4)]
    [DataRow("vit-nano", 32, 8)]
    [DataRow("pvt-v2-b0", 64, 4)]
    [DataRow("mixer-s16", 32, 2)]
    [DataRow("swin-tiny", 224, 2)]
    public void AStepInParts_EqualsTheStepOfTheWholeBatch(string backbone, int size, int parts)
    {
        var model = Backbone.WithHead(Backbone.Create(backbone, seed: 3, size), ["a", "b", "c", "d", "e"]);
        // SGD is linear in the gradients: Adam would make much of rounding where a gradient is nearly 0.
        var recipe = new TrainingRecipe { BatchSize = Batch, Optimizer = OptimizerKind.Sgd, DropPath = 0, EmaDecay = 0.9 };
        var whole = TrainStepRun.Outputs(TrainStepGraph.Build(model, recipe, Batch, 1), model);
        var divided = TrainStepRun.Outputs(TrainStepGraph.Build(model, recipe, Batch, parts), model);
        CollectionAssert.AreEquivalent(whole.Keys, divided.Keys);
        foreach (var (name, expected) in whole)
        {
            var scale = Math.Max(expected.Max(Math.Abs), 1e-3);
            Assert.IsLessThan(Tolerance, expected.Zip(divided[name], (e, a) => Math.Abs(e - a)).Max() / scale, name);
        }
    }

    [TestMethod]
    public void EveryPartDrawsItsOwnDropPath_AndTheSameSeedTheSame()
    {
        var model = Backbone.WithHead(Backbone.Create("vit-nano", seed: 3), ["a", "b"]);
        var recipe = new TrainingRecipe { BatchSize = Batch, DropPath = 0.5 };
        var step = TrainStepGraph.Build(model, recipe, Batch, 4);
        var (one, again, other) = (TrainStepRun.Outputs(step, model, 1), TrainStepRun.Outputs(step, model, 1), TrainStepRun.Outputs(step, model, 2));
        Assert.AreEqual(one[TrainStepGraph.Loss][0], again[TrainStepGraph.Loss][0]);
        Assert.AreNotEqual(one[TrainStepGraph.Loss][0], other[TrainStepGraph.Loss][0]);

        // The same two images in every part: if all parts drew alike, the loss were that of one part alone.
        var single = TrainStepRun.Outputs(TrainStepGraph.Build(model, recipe with { BatchSize = 2 }, 2, 1), model, 1, imagesThatDiffer: 2);
        Assert.AreNotEqual(single[TrainStepGraph.Loss][0], TrainStepRun.Outputs(step, model, 1, imagesThatDiffer: 2)[TrainStepGraph.Loss][0], 1e-4f);
    }

    [TestMethod]
    [DataRow("vit-micro", 128, 8)]
    [DataRow("vit-tiny", 8, 2)]
    [DataRow("vit-nano", 4, 1)]
    [DataRow("resnet18", 32, 1)]
    public void ALargeBatchIsDivided_UnlessBatchNormalizationNeedsItWhole(string backbone, int batch, int parts)
    {
        Assert.AreEqual(parts, MicroBatches.Count(Backbone.Create(backbone, seed: 1), batch));
    }
}
