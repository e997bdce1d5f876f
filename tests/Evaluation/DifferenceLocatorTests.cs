using OneFractal.Common;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Inference;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Evaluation;

/// <summary>The first differing node, on a runtime that truly is wrong and on made-up ones.</summary>
[TestClass]
public sealed class DifferenceLocatorTests
{
    private static readonly VerificationSettings OnOpenCv = new() { Count = 2, Locate = true, Runtimes = [VerificationRuntime.OpenCv] };

    /// <summary>OpenCV 4 divides by the size of the window without its padding, and pads at the end where it is told to pad at the start.</summary>
    [TestMethod]
    [DataRow("AveragePool")]
    [DataRow("MaxPool")]
    [DataRow("Conv")]
    public void ANodeThatOpenCvComputesWrongly_IsNamed(string type)
    {
        var report = Verification.Run(WrongInOpenCv(type), OnOpenCv);
        Assert.AreEqual(VerificationStatus.Failed, report.Runtimes[1].Status);
        var found = report.Runtimes[1].FirstDifference!;
        Assert.AreEqual((type, $"wrong/{type}", $"wrong/{type}_output"), (found.Operator, found.Node, found.Value));
        CollectionAssert.AreEqual(new[] { 1, 8, 16, 16 }, found.Shape.ToArray());
        CollectionAssert.AreEqual(new[] { "Relu_output" }, found.Before.ToArray());
        Assert.IsGreaterThan(0.01, found.Error!.Value);
        Assert.IsLessThan(1e-5, found.ErrorBefore);
        Assert.AreEqual(found.Error.Value, found.ErrorAlone!.Value, 1e-4);
        Assert.Contains("alone too", found.Finding);
        // Of eight values: the output, two or three by bisection, and what the node reads.
        Assert.IsLessThanOrEqualTo(5, found.Probes);
    }

    /// <summary>A model is right when all its outputs are; the search begins at the one that is wrong.</summary>
    [TestMethod]
    public void WhereOnlyTheSecondOutputDiffers_TheRuntimeFails_AndTheNodeIsFound()
    {
        var model = WrongAtTheSecondOutput();
        var report = Verification.Run(model, OnOpenCv with { Runtimes = [VerificationRuntime.OpenCv, VerificationRuntime.OnnxRuntime, VerificationRuntime.TorchSharp] });
        var openCv = report.Runtimes[1];
        Assert.AreEqual(VerificationStatus.Failed, openCv.Status);
        Assert.AreEqual("second", openCv.WorstOutput);
        CollectionAssert.AreEqual(new[] { "first", "second" }, openCv.Outputs.Select(o => o.Output).ToArray());
        CollectionAssert.AreEqual(new[] { true, false }, openCv.Outputs.Select(o => o.Passed).ToArray());
        Assert.IsLessThan(1e-5, openCv.Outputs[0].MaxAbsoluteError!.Value);
        Assert.IsGreaterThan(0.01, openCv.Outputs[1].MaxAbsoluteError!.Value);
        Assert.AreEqual(openCv.Outputs[1].MaxAbsoluteError, openCv.MaxAbsoluteError);
        Assert.AreEqual("wrong/AveragePool", openCv.FirstDifference!.Node);
        Assert.IsTrue(report.Runtimes.Skip(2).All(r => r.Status == VerificationStatus.Passed && r.Outputs.Count == 2), string.Join("; ", report.Runtimes));

        // What is wrong at the first output is found as well when there are others.
        model.Graph.Output.Add(model.Graph.Output[0].Clone());
        model.Graph.Output.RemoveAt(0);
        openCv = Verification.Run(model, OnOpenCv).Runtimes[1];
        Assert.AreEqual(("second", "wrong/AveragePool"), (openCv.WorstOutput, openCv.FirstDifference!.Node));
    }

    /// <summary>Agreeing nodes after the wrong one, on another way to the output, do not lead the search past it.</summary>
    [TestMethod]
    public void ANodeOnOneOfTwoWays_IsNamed()
    {
        var report = Verification.Run(
            Model((g, x) =>
            {
                var wrong = Wrong(g, x, "AveragePool");
                for (var i = 0; i < 6; i++)
                {
                    x = g.Node("Sigmoid", [x]);
                }

                return g.Node("Add", [wrong, x]);
            }),
            OnOpenCv);
        Assert.AreEqual("wrong/AveragePool", report.Runtimes[1].FirstDifference!.Node);
    }

    [TestMethod]
    public void WhereTheRuntimeAgrees_NothingIsLookedFor()
    {
        var report = Verification.Run(Model((g, x) => g.Node("MaxPool", [x], ("kernel_shape", new long[] { 2, 2 }), ("auto_pad", "SAME_UPPER"))), OnOpenCv);
        Assert.AreEqual(VerificationStatus.Passed, report.Runtimes[1].Status, $"{report.Runtimes[1]}");
        Assert.IsNull(report.Runtimes[1].FirstDifference);
    }

    /// <summary>A difference that only two nodes together make is not laid at the door of one.</summary>
    [TestMethod]
    public void AFusion_IsSaidToBeOne()
    {
        var found = Locate(new MadeUpRuntime(part => Has(part, "Conv_2") && Has(part, "Relu_2") ? 0.1f : 0));
        Assert.AreEqual("Relu_2", found.Node);
        Assert.IsGreaterThan(0.0, found.Error!.Value);
        Assert.AreEqual(0.0, found.ErrorAlone);
        Assert.Contains("joins it with nodes before it", found.Finding);
    }

    [TestMethod]
    public void ADifferenceThatDoesNotComeAgain_IsSaidToBeOne()
    {
        var found = Locate(new MadeUpRuntime(_ => 0));
        Assert.AreEqual("", found.Node);
        Assert.Contains("does not come again", found.Finding);
    }

    [TestMethod]
    public void AValueThatIsNotANumber_IsLocated()
    {
        var found = Locate(new MadeUpRuntime(part => Has(part, "MaxPool") ? float.NaN : 0));
        Assert.AreEqual("MaxPool", found.Node);
        Assert.IsNull(found.Error);
        Assert.IsNull(found.ErrorAlone);
        Assert.Contains("alone too", found.Finding);
    }

    /// <summary>A model with one node of this type that OpenCV computes wrongly, called <c>wrong/</c> and the type.</summary>
    internal static OnnxModel WrongInOpenCv(string type) => Model((g, x) => Wrong(g, x, type));

    /// <summary>A model of two outputs, <c>first</c> and <c>second</c>, of which OpenCV computes the second wrongly.</summary>
    internal static OnnxModel WrongAtTheSecondOutput()
    {
        var g = new GraphBuilder("two");
        var images = g.Input("images", DataType.Float, "batch", 3, 16, 16);
        var x = g.Node("Relu", [g.Conv2d(images, g.Parameter("w1", [8, 3, 3, 3], Fill), g.Parameter("b1", [8], Fill), stride: 1, padding: 1)]);
        g.Output(g.Rename(g.Node("Sigmoid", [x]), "first"));
        g.Output(g.Rename(g.Node("Flatten", [Wrong(g, x, "AveragePool")]), "second"));
        return g.Build();
    }

    private static FirstDifference Locate(MadeUpRuntime runtime)
    {
        var model = Model((g, x) => g.Node("MaxPool", [x], ("kernel_shape", new long[] { 2, 2 })));
        var values = new float[3 * 16 * 16];
        var random = new RandomStream(2);
        foreach (ref var v in values.AsSpan())
        {
            v = (float)random.NextGaussian();
        }

        using var work = new VerificationWork();
        return new DifferenceLocator(model, [new RuntimeTensor("images", [1, 3, 16, 16], values)], runtime, MadeUpRuntime.Right, 1e-4, work).Find(null, CancellationToken.None);
    }

    private static bool Has(OnnxModel part, string node) => part.Graph.Node.Any(n => n.Name == node);

    private static OnnxModel Model(Func<GraphBuilder, Value, Value> middle)
    {
        var g = new GraphBuilder("wrong");
        var images = g.Input("images", DataType.Float, "batch", 3, 16, 16);
        var x = g.Node("Relu", [g.Conv2d(images, g.Parameter("w1", [8, 3, 3, 3], Fill), g.Parameter("b1", [8], Fill), stride: 1, padding: 1)]);
        var y = g.Node("Relu", [g.Conv2d(middle(g, x), g.Parameter("w2", [8, 8, 3, 3], Fill), g.Parameter("b2", [8], Fill), stride: 1)]);
        g.Output(g.Node("Flatten", [y]));
        return g.Build();
    }

    private static Value Wrong(GraphBuilder g, Value x, string type)
    {
        using var scope = g.Scope("wrong");
        return type switch
        {
            "AveragePool" => g.Node(type, [x], ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 }), ("count_include_pad", 1L)),
            "MaxPool" => g.Node(type, [x], ("kernel_shape", new long[] { 2, 2 }), ("auto_pad", "SAME_LOWER")),
            _ => g.Node(type, [x, g.Parameter("w", [8, 8, 2, 2], Fill)], ("kernel_shape", new long[] { 2, 2 }), ("auto_pad", "SAME_LOWER")),
        };
    }

    private static void Fill(string name, ReadOnlySpan<long> shape, Span<float> values)
    {
        var random = new RandomStream((ulong)name[^1]);
        foreach (ref var v in values)
        {
            v = (float)random.Uniform(-0.5, 0.5);
        }
    }

    /// <summary>ONNX Runtime, with an error added to all outputs of some graphs.</summary>
    private sealed class MadeUpRuntime(Func<OnnxModel, float> error) : IModelRuntime
    {
        public static readonly OnnxRuntimeRuntime Right = new("right", new SessionSettings { Device = ComputeDevice.Cpu, Optimization = GraphOptimization.None });

        public string Name => "made up";

        public IReadOnlyList<RuntimeTensor> Run(RuntimeJob job, CancellationToken cancellation)
        {
            return [.. Right.Run(job, cancellation).Select(t => t with { Values = [.. t.Values.Select(v => v + error(job.Model))] })];
        }
    }
}
