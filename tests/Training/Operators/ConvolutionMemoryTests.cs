using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Training.Operators;

/// <summary>
/// libtorch 2.10 reads memory that it has not written where a convolution's channels do not fill its blocks. Here that memory is full of NaN, and outputs and
/// gradients must still be those of float64.
/// </summary>
[TestClass]
[DoNotParallelize]
public sealed class ConvolutionMemoryTests
{
    [TestMethod]
    [DataRow("Conv", 24, 24, new long[] { 8, 8 })]
    [DataRow("Conv", 24, 32, new long[] { 8, 8 })]
    [DataRow("Conv", 32, 24, new long[] { 28, 28 })]
    [DataRow("Conv", 5, 6, new long[] { 9, 9 })]
    [DataRow("Conv", 12, 16, new long[] { 9, 9 })]
    [DataRow("Conv", 3, 24, new long[] { 9, 9 })]
    [DataRow("Conv", 1, 5, new long[] { 9, 9 })]
    [DataRow("Conv", 24, 24, new long[] { 20 })]
    [DataRow("Conv", 24, 24, new long[] { 6, 6, 6 })]
    [DataRow("ConvTranspose", 24, 24, new long[] { 8, 8 })]
    [DataRow("ConvTranspose", 3, 16, new long[] { 8, 8 })]
    [DataRow("ConvTranspose", 16, 5, new long[] { 8, 8 })]
    public void OutputsAndGradients_DoNotDependOnWhatMemoryHeld(string operation, int channels, int outputs, long[] space)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        long[] kernel = [.. space.Select(_ => 3L)], images = [2, channels, .. space];
        long[] weights = operation == "Conv" ? [outputs, channels, .. kernel] : [channels, outputs, .. kernel];
        var (x, w) = (randn(images), randn(weights));
        var (y, dx, dw, seed) = Run(operation, x, w, null);
        var (expected, expectedDx, expectedDw, _) = Run(operation, x.to(ScalarType.Float64), w.to(ScalarType.Float64), seed.to(ScalarType.Float64));
        Assert.IsLessThanOrEqualTo(1e-5, RelativeError(y, expected), "output");
        Assert.IsLessThanOrEqualTo(1e-5, RelativeError(dx, expectedDx), "gradient of the input");
        Assert.IsLessThanOrEqualTo(1e-5, RelativeError(dw, expectedDw), "gradient of the weight");
    }

    private static (Tensor Y, Tensor Dx, Tensor Dw, Tensor Seed) Run(string operation, Tensor x, Tensor w, Tensor? seed)
    {
        var type = x.dtype == ScalarType.Float64 ? DataType.Double : DataType.Float;
        var g = new GraphBuilder("case");
        var (image, weight) = (g.Input("x", type, [.. x.shape.Select(d => new Dim(d))]), g.Input("w", type, [.. w.shape.Select(d => new Dim(d))]));
        long[] pads = [.. Enumerable.Repeat(1L, 2 * (x.shape.Length - 2))];
        g.Output(g.Node(operation, [image, weight], ("pads", pads)));
        using var module = new GraphModule(g.Build());
        (x, w) = (x.detach().requires_grad_(), w.detach().requires_grad_());
        Poison();
        var y = module.Run(x, w)[0];
        seed ??= randn(y.shape);
        Poison();
        y.backward([seed]);
        return (y, x.grad!, w.grad!, seed);
    }

    /// <summary>Leaves NaN in memory that is free, in blocks of every size.</summary>
    private static void Poison()
    {
        for (var size = 1L << 8; size <= 1L << 18; size <<= 1)
        {
            full([size], float.NaN).Dispose();
        }
    }

    private static double RelativeError(Tensor a, Tensor b) => ((a.to(ScalarType.Float64) - b).norm() / b.norm()).item<double>();
}
