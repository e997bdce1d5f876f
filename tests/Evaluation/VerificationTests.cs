using OneFractal.Data;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Tests.Data;

namespace OneFractal.Tests.Evaluation;

[TestClass]
public sealed class VerificationTests
{
    [TestMethod]
    [DataRow("vit-nano", 4)]
    [DataRow("vit-tiny", 2)]
    public void EveryRuntime_Agrees(string name, int count)
    {
        var report = Verification.Run(TestModels.Classifier(name), new VerificationSettings { Count = count });
        AssertPassed(report, count);
        Assert.AreEqual(VerificationStatus.Reference, report.Runtimes[0].Status);
        foreach (var runtime in report.Runtimes.Where(r => r.Status == VerificationStatus.Passed))
        {
            Assert.IsLessThanOrEqualTo(runtime.MaxAbsoluteError!.Value, runtime.MeanAbsoluteError!.Value);
            Assert.AreEqual(1.0, runtime.Top1Agreement);
        }
    }

    [TestMethod]
    public void AFixedBatch_AndAHeadlessModel_WorkToo()
    {
        using var folder = new TempFolder();
        FixedBatch.Apply(TestModels.Features(), 3).Save(folder["features.onnx"]);
        var report = Verification.Run(folder["features.onnx"], new VerificationSettings { Count = 5 });
        AssertPassed(report, 5);
        Assert.IsTrue(report.Runtimes.All(r => r.Top1Agreement is null));
    }

    [TestMethod]
    public void GivenImages_AreUsed()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, classes: 2, perClass: 3);
        AssertPassed(Verification.Run(TestModels.Classifier(), new VerificationSettings { Images = folder.Path, Count = 4 }), 4);
        AssertPassed(Verification.Run(TestModels.Classifier(), new VerificationSettings { Images = folder.Path, Count = 99 }), 6);
        StringAssert.Contains(
            Assert.ThrowsExactly<DataException>(() => Verification.Run(TestModels.Classifier(), new VerificationSettings { Images = folder["none.png"] })).Message,
            "none.png");
    }

    /// <summary>A difference that the tolerance does not allow is a failure, and so is a runtime that does not know an operator.</summary>
    [TestMethod]
    public void WhatDiffers_Fails()
    {
        var strict = Verification.Run(TestModels.Classifier(), new VerificationSettings { Count = 2, Tolerance = 0 });
        Assert.IsFalse(strict.Passed);
        Assert.Contains(r => r.Status == VerificationStatus.Failed && r.MaxAbsoluteError > 0, strict.Runtimes);

        var model = TestModels.Classifier();
        var last = model.Graph.Node[^1];
        // ONNX Runtime knows it; TorchSharp's table does not.
        var unknown = new OneFractal.Export.Onnx.NodeProto { OpType = "RandomUniformLike", Name = "unknown" };
        unknown.Input.Add("before");
        unknown.Output.Add(last.Output[0]);
        last.Output[0] = "before";
        model.Graph.Node.Add(unknown);
        var torch = Verification.Run(model, new VerificationSettings { Count = 1 }).Runtimes.Single(r => r.Runtime.StartsWith("TorchSharp", StringComparison.Ordinal));
        Assert.AreEqual(VerificationStatus.Failed, torch.Status);
        StringAssert.Contains(torch.Detail, "RandomUniformLike");

        model = TestModels.Classifier();
        model.FindInitializer("head.bias")!.SetFloats([0, float.NaN, 0, 0, 0]);
        StringAssert.Contains(Assert.ThrowsExactly<ModelException>(() => Verification.Run(model)).Message, "not finite");
    }

    [TestMethod]
    public void Comparison_IsWhatItSays()
    {
        var c = OutputComparison.Of([1, 2, 3, 9, 0, 0], [1, 2, 4, 8, 0, 0], rows: 2);
        Assert.AreEqual(new OutputComparison(1, 2.0 / 6, 0.25, 1, 8), c);
        Assert.AreEqual(0.5, OutputComparison.Of([1, 0, 1, 0], [1, 0, 0, 1], rows: 2).Top1Agreement);
        Assert.AreEqual(double.PositiveInfinity, OutputComparison.Of([float.NaN], [1], rows: 1).MaxAbsolute);
        Assert.AreEqual(1.0, OutputComparison.Of([0.5f], [0.5f], rows: 1).Scale);
    }

    private static void AssertPassed(VerificationReport report, int count)
    {
        Assert.AreEqual(count, report.Count);
        Assert.IsTrue(report.Passed, string.Join("; ", report.Runtimes));
        Assert.HasCount(5, report.Runtimes);
        Assert.IsGreaterThanOrEqualTo(3, report.Runtimes.Count(r => r.Status == VerificationStatus.Passed));
    }
}
