using OneFractal.Export;
using OneFractal.Training;

namespace OneFractal.Tests.Export;

/// <summary>Models that end in probabilities, features, tokens or stages.</summary>
[TestClass]
public sealed class OutputSelectionTests
{
    [TestMethod]
    // How the features follow from the tokens: the first of them, or the mean over what is not a channel.
    [DataRow("vit-nano", 3, 128)]
    [DataRow("resnet-micro", 4, 256)]
    public void TheFeatures_FollowFromTheTokens(string name, int rank, int width)
    {
        var model = TestModels.Classifier(name);
        var features = DeployedOutputs.Of(OutputSelection.Apply(model, ModelOutput.Features), 1)[0];
        var selected = DeploymentForm.Apply(OutputSelection.Apply(model, ModelOutput.Tokens));
        Assert.AreEqual("tokens", selected.Graph.Output.Single().Name);
        Assert.AreEqual(rank, TensorInfo.From(selected.Graph.Output[0])!.Rank);
        Assert.IsNull(selected.FindInitializer("head.weight"));
        var tokens = DeployedOutputs.Of(selected, 1)[0];
        var derived = rank == 3 ? tokens[..width] : [.. tokens.Chunk(tokens.Length / width).Select(c => c.Average())];
        DeployedOutputs.AssertEqual([features], [derived], 1e-5);
    }

    [TestMethod]
    [DataRow("vit-nano", "blocks.0 blocks.1 blocks.2 blocks.3 blocks.4 blocks.5", "float[batch, 17, 128]")]
    [DataRow("resnet-micro", "layer1 layer2 layer3 layer4", "float[batch, 256, 4, 4]")]
    [DataRow("pvt-v2-b0", "stages.0 stages.1 stages.2 stages.3", "float[batch, 256, 7, 7]")]
    [DataRow("swin-tiny", "layers.0 layers.1 layers.2 layers.3", "float[batch, 7, 7, 768]")]
    public void EachStage_IsAnOutput_ByItsNameInTimm(string name, string outputs, string last)
    {
        var stages = OutputSelection.Apply(Backbone.Create(name), ModelOutput.Stages);
        CollectionAssert.AreEqual(outputs.Split(' '), stages.Graph.Output.Select(o => o.Name).ToArray());
        Assert.AreEqual(last, TensorInfo.From(stages.Graph.Output[^1])!.ToString());
        Assert.AreEqual(0, stages.Metadata!.Labels.Count);
    }

    [TestMethod]
    public void TheLastStage_IsWhatTheTokensAreMadeOf()
    {
        var model = TestModels.Classifier("resnet-micro");
        var stages = DeployedOutputs.Of(DeploymentForm.Apply(OutputSelection.Apply(model, ModelOutput.Stages)), 1);
        DeployedOutputs.AssertEqual(DeployedOutputs.Of(OutputSelection.Apply(model, ModelOutput.Tokens), 1), [stages[^1]], 1e-5);
    }

    [TestMethod]
    public void Probabilities_AreTheSoftmax_Once()
    {
        var model = TestModels.Classifier();
        var scores = DeployedOutputs.Of(model, 1)[0];
        var result = OutputSelection.Apply(model, ModelOutput.Probabilities);
        Assert.AreEqual("probabilities", result.Graph.Output.Single().Name);
        DeployedOutputs.AssertEqual([LogitRow.Softmax(scores)], DeployedOutputs.Of(result, 1), 1e-6);
        Assert.Contains("already", Assert.ThrowsExactly<ModelException>(() => OutputSelection.Apply(result, ModelOutput.Probabilities)).Message);
        Assert.Contains(
            "needs a classifier", Assert.ThrowsExactly<ModelException>(() => OutputSelection.Apply(TestModels.Features(), ModelOutput.Probabilities)).Message);
    }

    [TestMethod]
    public void WhatCannotBeTold_IsRefused()
    {
        var model = TestModels.Classifier("resnet-micro");
        foreach (var (node, i) in model.Graph.Node.Select((n, i) => (n, i)))
        {
            node.Name = $"node{i}";
        }

        Assert.Contains("its stages cannot be told", Assert.ThrowsExactly<ModelException>(() => OutputSelection.Apply(model, ModelOutput.Stages)).Message);
        var sum = TestModels.Small();
        sum.FeaturesValue = "logits";
        Assert.Contains("cannot be told", Assert.ThrowsExactly<ModelException>(() => OutputSelection.Apply(sum, ModelOutput.Tokens)).Message);
    }
}
