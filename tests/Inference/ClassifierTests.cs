using Microsoft.ML.OnnxRuntime;
using OneFractal.Data.Readers;
using OneFractal.Data.Transforms;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Tests.Data;
using OpenCvSharp;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Inference;

[TestClass]
public sealed class ClassifierTests
{
    private static readonly SessionSettings Cpu = new() { Device = ComputeDevice.Cpu };

    [TestMethod]
    public void Predict_IsTheEvaluationTransformTheGraphAndASoftmax()
    {
        using var folder = new TempFolder();
        var model = TestModels.Classifier();
        model.Metadata = model.Metadata! with
        {
            Preprocessing = new Preprocessing(3, 32, 32) { Mean = [0.1f, 0.2f, 0.3f], Std = [0.4f, 0.5f, 0.6f], CropFraction = 0.8 },
        };
        model.Save(folder["model.onnx"]);
        using var picture = TestImages.Gradient(50, 40, seed: 3);
        TestImages.Write(folder["picture.png"], picture);

        var pixels = new float[3 * 32 * 32];
        using (var image = ImageDecoder.Load(folder["picture.png"]))
        {
            new EvaluationTransform(model.Metadata.Preprocessing).Apply(image, new RandomStream(0), pixels);
        }

        using var session = new InferenceSession(folder["model.onnx"]);
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, [1, 3, 32, 32]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["images"], [input], ["logits"]);
        var exponentials = results[0].GetTensorDataAsSpan<float>().ToArray().Select(v => Math.Exp(v)).ToArray();

        using var classifier = Classifier.Load(folder["model.onnx"], Cpu);
        var prediction = classifier.Predict(folder["picture.png"]);
        CollectionAssert.AreEqual(TestModels.Labels, classifier.Labels.ToArray());
        for (var i = 0; i < exponentials.Length; i++)
        {
            Assert.AreEqual(exponentials[i] / exponentials.Sum(), prediction.Probabilities[i], 1e-6);
        }

        Assert.AreEqual(TestModels.Labels[Array.IndexOf(exponentials, exponentials.Max())], prediction.Label);
        var top = prediction.Top(99);
        Assert.HasCount(5, top);
        Assert.AreEqual(prediction.Label, top[0].Label);
        Assert.IsTrue(top.Zip(top.Skip(1)).All(p => p.First.Probability >= p.Second.Probability));
    }

    [TestMethod]
    public void Predict_TakesBothChannelOrdersAndGrey()
    {
        using var classifier = Classifier.Create(TestModels.Classifier(), Cpu);
        using var rgb = TestImages.Gradient(40, 40, seed: 2);
        using var bgr = rgb.CvtColor(ColorConversionCodes.RGB2BGR);
        using var grey = rgb.CvtColor(ColorConversionCodes.RGB2GRAY);
        using var greyAsRgb = grey.CvtColor(ColorConversionCodes.GRAY2RGB);
        var expected = classifier.Predict(rgb).Probabilities.ToArray();
        CollectionAssert.AreEqual(expected, classifier.Predict(bgr, ChannelOrder.Bgr).Probabilities.ToArray());
        CollectionAssert.AreNotEqual(expected, classifier.Predict(bgr).Probabilities.ToArray());
        CollectionAssert.AreEqual(classifier.Predict(greyAsRgb).Probabilities.ToArray(), classifier.Predict(grey).Probabilities.ToArray());
        using var wrong = new Mat(4, 4, MatType.CV_16UC3);
        Assert.ThrowsExactly<ArgumentException>(() => classifier.Predict(wrong));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(3)]
    public void PredictBatch_EqualsOneByOne_WithAnyNumberOfImages(int fixedBatch)
    {
        var model = TestModels.Classifier();
        using var one = Classifier.Create(model, Cpu);
        using var batched = Classifier.Create(fixedBatch == 0 ? model : FixedBatch.Apply(model, fixedBatch), Cpu);
        Assert.AreEqual(fixedBatch == 0 ? null : fixedBatch, batched.Runner.FixedBatch);
        foreach (var count in new[] { 0, 1, 3, 7 })
        {
            var images = Enumerable.Range(0, count).Select(i => TestImages.Noise(32, 32, 3, (ulong)i)).ToArray();
            try
            {
                var predictions = batched.PredictBatch(images);
                Assert.HasCount(count, predictions);
                for (var i = 0; i < count; i++)
                {
                    AssertClose(one.Predict(images[i]), predictions[i]);
                }
            }
            finally
            {
                Array.ForEach(images, image => image.Dispose());
            }
        }
    }

    /// <summary>
    /// A file with its preprocessing in it classifies as the plain one: probabilities within 1e-6 where nothing is resized, and within 2e-3 where both resize
    /// smooth images, of whose pixels some are one brightness level of 255 apart (found: 1.1e-3 enlarged, 0.5e-3 shrunk).
    /// </summary>
    [TestMethod]
    [DataRow(0)]
    [DataRow(2)]
    public void AModelThatPreprocessesByItself_PredictsAsThePlainOne(int fixedBatch)
    {
        using var folder = new TempFolder();
        var plain = DeploymentForm.Apply(TestModels.Classifier());
        var embedded = OpsetConversion.Apply(plain, EmbeddedPreprocessing.AntialiasOpset);
        embedded = EmbeddedPreprocessing.Apply(fixedBatch == 0 ? embedded : FixedBatch.Apply(embedded, fixedBatch), plain.Metadata!.Preprocessing);
        using Classifier one = Classifier.Create(plain, Cpu), other = Classifier.Create(embedded, Cpu), two = Classifier.Create(embedded, Cpu with { Threads = 2, ParallelRuns = 2 });
        Assert.IsTrue(other.Runner.TakesPhotos);
        CollectionAssert.AreEqual(one.Runner.ImageShape.ToArray(), other.Runner.ImageShape.ToArray());
        Mat[] images = [TestImages.Noise(32, 32, 3), TestImages.Noise(32, 32, 1), TestImages.Gradient(24, 20, 3), TestImages.Gradient(90, 61, 2), TestImages.Gradient(32, 32)];
        try
        {
            var (expected, actual) = (one.PredictBatch(images), other.PredictBatch(images));
            for (var i = 0; i < images.Length; i++)
            {
                AssertClose(expected[i], actual[i], images[i].Rows == 32 ? 1e-6f : 2e-3f);
                TestImages.Write(folder["images", $"{i}.png"], images[i]);
            }

            using var bgr = images[3].CvtColor(ColorConversionCodes.RGB2BGR);
            AssertClose(actual[3], other.Predict(bgr, ChannelOrder.Bgr), 1e-7f);

            // Files of all sizes, some bad, in one pass.
            File.WriteAllText(folder["images", "3b.png"], "no picture");
            string[] files = [.. Directory.GetFiles(folder["images"]).Order()];
            foreach (var classifier in new[] { other, two })
            {
                FilePrediction[] rows = [.. FilePredictor.Predict(classifier, files, batchSize: 4, workers: 2)];
                CollectionAssert.AreEqual(files, rows.Select(r => r.Path).ToArray());
                Assert.IsNotNull(rows.Single(r => r.Prediction is null).Error);
                foreach (var (row, prediction) in rows.Where(r => r.Error is null).Zip(actual))
                {
                    AssertClose(prediction, row.Prediction!, 1e-6f);
                }
            }
        }
        finally
        {
            Array.ForEach(images, image => image.Dispose());
        }

        using var thin = new Mat(1, 20_000_000, MatType.CV_8UC1);
        Assert.ThrowsExactly<OneFractal.Data.DataException>(() => other.Predict(thin));
    }

    [TestMethod]
    public void Predict_IsThreadSafe()
    {
        using var classifier = Classifier.Create(TestModels.Classifier(), Cpu);
        var images = Enumerable.Range(0, 8).Select(i => TestImages.Noise(48, 40, 3, (ulong)i)).ToArray();
        try
        {
            var expected = images.Select(image => classifier.Predict(image)).ToArray();
            Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
                AssertClose(expected[i % images.Length], classifier.Predict(images[i % images.Length])));
        }
        finally
        {
            Array.ForEach(images, image => image.Dispose());
        }
    }

    [TestMethod]
    public void Load_RefusesWhatIsNoClassifier_InOneLineThatSaysWhatToDo()
    {
        using var folder = new TempFolder();
        Refused(folder, TestModels.Features(), "finetune");
        Refused(folder, TestModels.Foreign(batch: null), "labels");
        var otherSize = TestModels.Classifier();
        otherSize.Metadata = otherSize.Metadata! with { Preprocessing = new Preprocessing(3, 64, 64) };
        Refused(folder, otherSize, "[3, 64, 64]");
        var otherLabels = TestModels.Classifier();
        otherLabels.Metadata = otherLabels.Metadata! with { Labels = ["a", "b"] };
        Refused(folder, otherLabels, "2 labels");

        var g = new GraphBuilder("two inputs");
        g.Output(g.Add(g.Input("a", DataType.Float, "batch", 4), g.Input("b", DataType.Float, "batch", 4)));
        Refused(folder, g.Build(), "2 inputs");
        g = new GraphBuilder("vectors");
        g.Output(g.Softmax(g.Input("a", DataType.Float, "batch", 4), 1));
        Refused(folder, g.Build(), "float[?, 4]");
        g = new GraphBuilder("size unknown");
        g.Output(g.Softmax(g.Input("a", DataType.Float, "batch", 3, "height", "width"), 1));
        Refused(folder, g.Build(), "how large");

        var unknown = TestModels.Classifier();
        unknown.Graph.Node[2].OpType = "Frobnicate";
        Refused(folder, unknown, "Frobnicate");

        File.WriteAllText(folder["text.onnx"], "not a model");
        Assert.ThrowsExactly<ModelException>(() => Classifier.Load(folder["text.onnx"], Cpu));
    }

    [TestMethod]
    public void Cuda_WhereThereIsNone_IsOneLine_AndAutoTakesTheCpu()
    {
        var model = TestModels.Classifier();
        using var auto = Classifier.Create(model);
        if (auto.Runner.Device.Kind == ComputeDeviceKind.Cuda)
        {
            Assert.Inconclusive("This machine has CUDA.");
        }

        Assert.AreEqual(ComputeDevice.Cpu, auto.Runner.Device);
        var error = Assert.ThrowsExactly<OneFractalException>(() => Classifier.Create(model, new SessionSettings { Device = ComputeDevice.Parse("cuda:1") }));
        StringAssert.Contains(error.Message, "cuda:1");
        StringAssert.Contains(error.Message, "--device cpu");
        Assert.DoesNotContain('\n', error.Message);
    }

    private static void Refused(TempFolder folder, OnnxModel model, string expected)
    {
        model.Save(folder["refused.onnx"]);
        var error = Assert.ThrowsExactly<ModelException>(() => Classifier.Load(folder["refused.onnx"], Cpu));
        StringAssert.Contains(error.Message, expected);
        StringAssert.Contains(error.Message, "refused.onnx");
        Assert.DoesNotContain('\n', error.Message);
    }

    private static void AssertClose(Prediction expected, Prediction actual, float tolerance = 1e-5f)
    {
        Assert.AreEqual(expected.Index, actual.Index);
        foreach (var (a, b) in expected.Probabilities.Zip(actual.Probabilities))
        {
            Assert.AreEqual(a, b, tolerance);
        }
    }
}
