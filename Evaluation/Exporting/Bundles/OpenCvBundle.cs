using System.Globalization;

namespace OneFractal.Evaluation;

/// <summary>
/// For OpenCV DNN: <c>model.onnx</c> of one batch size and without Dropout, compared in OpenCV before it is written, the labels, and the code that feeds it.
/// </summary>
internal static class OpenCvBundle
{
    private const double Tolerance = 1e-4;
    private const ulong NoiseSeed = 0xC5;

    public static IEnumerable<BundleFile> Files(BundleSource source)
    {
        Check(source);
        var labels = source.Metadata.Labels;
        BundleFile[] files = labels.Count > 0 ? [BundleFile.Text("labels.txt", TritonBundle.LabelLines(labels))] : [];
        return [.. source.Model("model.onnx"), .. files, BundleFile.Text("README.md", Readme(source))];
    }

    /// <summary>OpenCV is silently wrong on some graphs: it must give what ONNX Runtime gives.</summary>
    private static void Check(BundleSource source)
    {
        using var reference = ModelRunner.Create(source.Deployed, new SessionSettings { Device = ComputeDevice.Cpu });
        var count = source.Batch!.Value;
        var random = new RandomStream(NoiseSeed);
        float[] images = [.. Enumerable.Range(0, count * reference.ImageLength).Select(_ => (float)random.NextGaussian())];
        var expected = new float[count * reference.OutputLength];
        reference.Run(images, count, expected);
        float[] actual;
        try
        {
            var batch = new RuntimeTensor(source.InputName, [count, .. reference.ImageShape], images);
            actual = new OpenCvRuntime(count).Run(new RuntimeJob(source.Deployed, source.Deployed.Source, [[batch]]), CancellationToken.None)[0].Values;
        }
        catch (OpenCvSharp.OpenCVException e)
        {
            throw new ModelException($"'{source.Trained.Source}': OpenCV DNN cannot run this model ({e.Message.ReplaceLineEndings(" ").Trim()}).", e);
        }

        var comparison = actual.Length == expected.Length
            ? OutputComparison.Of(actual, expected, count)
            : throw new ModelException($"'{source.Trained.Source}': OpenCV DNN gives {actual.Length} values where {expected.Length} are expected.");
        if (!(comparison.MaxAbsolute <= Tolerance * comparison.Scale))
        {
            throw new ModelException(FormattableString.Invariant(
                $"'{source.Trained.Source}': in OpenCV DNN its outputs differ by {comparison.MaxAbsolute:0.0e+0} from ONNX Runtime's, so no bundle was written."));
        }
    }

    private static string Readme(BundleSource source)
    {
        var p = source.Metadata.Preprocessing;
        string Numbers(IEnumerable<double> values) => string.Join(", ", values.Select(v => v.ToString("0.######", CultureInfo.InvariantCulture)));
        var (height, width) = ((int)(p.Height / p.CropFraction), (int)(p.Width / p.CropFraction));
        var one = $$"""
            image.convertTo(image, CV_32F, 1 / 255.0);
            cv::subtract(image, cv::Scalar({{Numbers(p.Mean.Select(v => (double)v))}}), image);
            cv::divide(image, cv::Scalar({{Numbers(p.Std.Select(v => (double)v))}}), image);
            """;
        var feed = source.Batch == 1
            ? $"{one}\nnet.setInput(cv::dnn::blobFromImage(image));"
            : $$"""
            // std::vector<cv::Mat> images, always {{source.Batch}} of them: fill up with any picture of that size.
            for (cv::Mat& image : images) {
                {{one.ReplaceLineEndings("\n    ")}}
            }
            net.setInput(cv::dnn::blobFromImages(images));
            """;
        return $$"""
            # {{source.Metadata.Architecture}} for OpenCV DNN

            Resize the shorter side of an image ({{(p.Channels == 1 ? "grey" : "R, G, B")}}) to {{Math.Min(height, width)}} pixels ({{p.Interpolation.ToString().ToLowerInvariant()}}; INTER_AREA where it shrinks), crop the centre to {{p.Width}}x{{p.Height}}, and:

            ```cpp
            auto net = cv::dnn::readNetFromONNX("model.onnx");
            {{feed}}
            cv::Mat {{source.OutputVariable}} = net.forward("{{source.OutputName}}"); // {{TensorInfo.From(source.Deployed.Graph.Output[0])}}{{(source.Batch == 1 ? "" : ", a row an image")}}
            ```

            The batch size is {{source.Batch}}; OpenCV's outputs were compared with ONNX Runtime's when this file was written.

            """;
    }
}
