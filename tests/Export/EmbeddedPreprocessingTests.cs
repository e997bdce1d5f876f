using Microsoft.ML.OnnxRuntime;
using OneFractal.Data.Transforms;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Tests.Data;
using OpenCvSharp;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>Graphs that resize, crop and normalise by themselves, beside what OpenCV makes of the same images.</summary>
[TestClass]
public sealed class EmbeddedPreprocessingTests
{
    [TestMethod]
    // Where nothing is resized, bytes are equal; the rest is what resizing may differ by, in brightness from 0 to 255, on smooth images.
    [DataRow(32, 32, Interpolation.Bilinear, 1.0, 18, 1e-3)]
    [DataRow(32, 45, Interpolation.Bilinear, 1.0, 18, 1e-3)]
    [DataRow(51, 40, Interpolation.Nearest, 0.8, 17, 1e-3)]
    [DataRow(20, 24, Interpolation.Bilinear, 0.9, 18, 1.01)]
    [DataRow(20, 24, Interpolation.Bilinear, 0.9, 17, 1.01)]
    [DataRow(203, 97, Interpolation.Bilinear, 0.875, 18, 2.01)]
    [DataRow(97, 203, Interpolation.Bicubic, 0.875, 18, 2.01)]
    [DataRow(24, 20, Interpolation.Bicubic, 1.0, 17, 2.01)]
    public void Pixels_AreThoseOfPredict(int width, int height, Interpolation interpolation, double crop, int opset, double tolerance)
    {
        var preprocessing = new Preprocessing(3, 32, 32) { Mean = [0.4f, 0.5f, 0.6f], Std = [0.2f, 0.25f, 0.3f], Interpolation = interpolation, CropFraction = crop };
        using var image = TestImages.Gradient(width, height, 3);
        Assert.IsLessThan(tolerance, Largest(preprocessing, image, opset));
    }

    [TestMethod]
    public void AGreyModel_TakesColours()
    {
        var preprocessing = new Preprocessing(1, 28, 28) { Mean = [0.3f], Std = [0.2f] };
        using var image = TestImages.Noise(28, 28, 3);
        // Both round to whole bytes, from factors of other precision.
        Assert.IsLessThan(1.01, Largest(preprocessing, image, 18));
    }

    [TestMethod]
    public void InABatch_AndAtAnyOpset_ItIsTheSame()
    {
        var model = DeploymentForm.Apply(TestModels.Classifier());
        var embedded = EmbeddedPreprocessing.Apply(OpsetConversion.Apply(model, 17), model.Metadata!.Preprocessing);
        Assert.AreEqual("pixels uint8[batch, height, width, 3]", $"{embedded.Graph.Input[0].Name} {TensorInfo.From(embedded.Graph.Input[0])}");
        var old = OpsetConversion.Apply(embedded, 13);
        using var image = TestImages.Gradient(50, 40);
        var pixels = image.AsSpan<byte>().ToArray();
        var one = Run(embedded, pixels, [1, 40, 50, 3]);
        var two = Run(old, [.. pixels, .. pixels], [2, 40, 50, 3]);
        DeployedOutputs.AssertEqual([[.. one, .. one]], [two], 1e-5);
        Assert.ThrowsExactly<ModelException>(() => EmbeddedPreprocessing.Apply(embedded, model.Metadata.Preprocessing));
    }

    private static double Largest(Preprocessing preprocessing, Mat image, int opset)
    {
        var g = new GraphBuilder("identity", opset);
        g.Output(g.Rename(g.Node("Identity", [g.Input("images", DataType.Float, "batch", preprocessing.Channels, preprocessing.Height, preprocessing.Width)]), "same"));
        var embedded = EmbeddedPreprocessing.Apply(g.Build(), preprocessing);
        var actual = Run(embedded, image.AsSpan<byte>().ToArray(), [1, image.Rows, image.Cols, 3]);
        var transform = new EvaluationTransform(preprocessing);
        var expected = new float[transform.OutputLength];
        transform.Apply(image, new RandomStream(0), expected);
        Assert.HasCount(expected.Length, actual);
        var plane = preprocessing.Height * preprocessing.Width;
        return expected.Select((e, i) => Math.Abs((double)e - actual[i]) * preprocessing.Std[i / plane] * 255).Max();
    }

    private static float[] Run(OnnxModel model, byte[] pixels, long[] shape)
    {
        var (session, _) = SessionFactory.Create("test", new SessionSettings { Device = ComputeDevice.Cpu }, options => SessionFactory.Open(model, options));
        using var owned = session;
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, shape);
        using var options = new RunOptions();
        using var outputs = session.Run(options, [session.InputNames[0]], [input], session.OutputNames);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
