using System.Text.RegularExpressions;
using OneFractal.Export;
using OneFractal.Training;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

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

    /// <summary>A foreign graph may call its values as a train step calls its own.</summary>
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void NamesThatAStepGives_MayBeTheModelsOwn(int parts)
    {
        var model = Backbone.WithHead(Backbone.Create("vit-nano", seed: 3), ["a", "b", "c", "d", "e"]);
        var recipe = new TrainingRecipe { BatchSize = 2, Optimizer = OptimizerKind.Sgd, DropPath = 0.1, EmaDecay = 0.9 };
        var step = TrainStepGraph.Build(model, recipe, 2, parts);
        var expected = TrainStepRun.Outputs(step, model);
        // Not those that begin with the name of a value of the model.
        string[] given = [.. step.Graph.DefinedNames().Except(model.Graph.DefinedNames()).Where(n => Regex.IsMatch(n, "^(const|parts?)[.]|^[a-z_]+$"))];
        Assert.IsGreaterThan(20, given.Length);
        string[] renamed = [.. model.Graph.Node.SelectMany(n => n.Output)];
        foreach (var names in given.Chunk(renamed.Length))
        {
            var foreign = names.Zip(renamed).Aggregate(model, (m, pair) => ValueNames.Rename(m, pair.Second, pair.First));
            var actual = TrainStepRun.Outputs(TrainStepGraph.Build(foreign, recipe, 2, parts), foreign);
            CollectionAssert.AreEquivalent(expected.Keys, actual.Keys);
            foreach (var (name, values) in expected)
            {
                CollectionAssert.AreEqual(values, actual[name], name);
            }
        }
    }

    [TestMethod]
    public void ABatch_IsNotDivided_WhereItsImagesMeet()
    {
        OnnxModel Network(long[] axes)
        {
            var g = new GraphBuilder("mean");
            var maps = g.Conv2d(g.Input("images", DataType.Float, "batch", 3, 64, 64), g.Parameter("w", [4, 3, 1, 1], (_, _, v) => v.Fill(1)), g.Parameter("b", [4], (_, _, _) => { }), 1);
            var scale = g.Node("Cast", [g.SizeOf(maps, 1)], ("to", (int)DataType.Float));
            g.Output(g.Node("Flatten", [g.Node("GlobalAveragePool", [g.Mul(g.Node("Sub", [maps, g.Mean(maps, true, axes)]), scale)])]));
            return g.Build();
        }

        Assert.AreEqual(1, MicroBatches.Count(Network([0, 2, 3]), 128));
        Assert.AreEqual(4, MicroBatches.Count(Network([2, 3]), 128));
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
    [DataRow("swin-tiny", 8, 8)]
    [DataRow("pvt-v2-b0", 8, 8)]
    [DataRow("mixer-s16", 8, 8)]
    [DataRow("resnet18", 32, 1)]
    public void ALargeBatchIsDivided_UnlessBatchNormalizationNeedsItWhole(string backbone, int batch, int parts)
    {
        Assert.AreEqual(parts, MicroBatches.Count(Backbone.Create(backbone, seed: 1), batch));
    }
}
