using Microsoft.ML.OnnxRuntime;
using OneFractal.Data.Readers;
using OneFractal.Data.Transforms;
using OneFractal.Export.Onnx;
using OpenCvSharp;

namespace OneFractal.Evaluation;

/// <summary>Holds a graph that preprocesses by itself against OneFractal's own preprocessing and the graph without.</summary>
internal static class PreprocessingComparison
{
    private const int Most = 64;

    /// <summary>Compares on up to 64 of the images.</summary>
    /// <param name="embedded">Takes uint8 [batch, height, width, 3].</param>
    /// <param name="plain">The same model of preprocessed images.</param>
    /// <param name="images">The images.</param>
    /// <param name="preprocessing">What <paramref name="plain"/> is fed.</param>
    /// <param name="isClassifier">Whether outputs are class scores.</param>
    public static PreprocessingAgreement Measure(OnnxModel embedded, OnnxModel plain, ExportImages images, Preprocessing preprocessing, bool isClassifier)
    {
        // The pixels that the graph makes are read too.
        var watched = embedded.Clone();
        var normalised = OutputReader.Input(plain).Name;
        watched.Graph.Output.Add(new ValueInfoProto(OutputReader.Input(plain)));
        var (session, _) = SessionFactory.Create(embedded.Source, new SessionSettings { Device = ComputeDevice.Cpu }, options => SessionFactory.Open(watched, options));
        using var owned = session;
        using var reader = OutputReader.Open(plain);
        var transform = new EvaluationTransform(preprocessing);
        var count = Math.Min(Most, images.Test.Count);
        var batch = (int)(TensorInfo.From(OutputReader.Input(embedded))!.Shape![0].Value ?? 1);
        double sum = 0, maxPixel = 0, max = 0;
        var same = 0;
        for (var i = 0; i < count; i++)
        {
            using var image = images.Test.Load((int)((long)i * images.Test.Count / count));
            var own = new float[transform.OutputLength];
            transform.Apply(image, new RandomStream(0), own);
            var (pixels, output) = Run(session, image, batch, normalised);
            for (var p = 0; p < own.Length; p++)
            {
                var difference = Math.Abs(pixels[p] - own[p]) * preprocessing.Std[p / (preprocessing.Height * preprocessing.Width)] * byte.MaxValue;
                sum += difference;
                maxPixel = Math.Max(maxPixel, difference);
            }

            var expected = reader.Run(own, 1)[0];
            max = Math.Max(max, OutputComparison.Of(output.AsSpan(0, expected.Length), expected, 1).MaxAbsolute);
            same += LogitRow.ArgMax(output.AsSpan(0, expected.Length)) == LogitRow.ArgMax(expected) ? 1 : 0;
        }

        return new PreprocessingAgreement(count, sum / ((double)count * transform.OutputLength), maxPixel, max, isClassifier ? (double)same / count : null);
    }

    private static (float[] Pixels, float[] Output) Run(InferenceSession session, Mat image, int batch, string normalised)
    {
        var photo = Photo.From(image);
        using var input = OrtValue.CreateTensorValueFromMemory([.. Enumerable.Repeat(photo.Pixels, batch).SelectMany(b => b)], [batch, photo.Height, photo.Width, 3]);
        using var options = new RunOptions();
        using var outputs = session.Run(options, [session.InputNames[0]], [input], [normalised, session.OutputNames[0]]);
        return (outputs[0].GetTensorDataAsSpan<float>().ToArray(), outputs[1].GetTensorDataAsSpan<float>().ToArray());
    }
}
