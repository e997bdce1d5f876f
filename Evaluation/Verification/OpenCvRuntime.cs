using Google.Protobuf;
using OpenCvSharp;
using OpenCvSharp.Dnn;

namespace OneFractal.Evaluation;

/// <summary>OpenCV DNN, which needs static shapes and no Dropout.</summary>
/// <param name="batch">Images in one run, for the name.</param>
internal sealed class OpenCvRuntime(int batch) : IModelRuntime
{
    public string Name => $"OpenCV DNN, batch {batch}";

    public bool NeedsFixedShapes => true;

    public IReadOnlyList<RuntimeTensor> Run(RuntimeJob job, CancellationToken cancellation)
    {
        if (!job.Model.FitsInline())
        {
            throw new RuntimeUnavailableException("it takes a model as one message, which cannot be larger than 2 GiB");
        }

        if (job.Batches.Any(b => b.Any(t => t.Bytes is not null)))
        {
            throw new RuntimeUnavailableException("it needs images of one size, and this model takes photos of any");
        }

        Cv2.SetLogLevel(LogLevel.SILENT);
        using var net = CvDnn.ReadNetFromOnnx(job.Model.Proto.ToByteArray())
            ?? throw new ModelException($"'{job.Model.Source}': OpenCV DNN cannot read this model.");
        string[] names = [.. job.Model.Graph.Output.Select(o => o.Name)];
        var results = new List<RuntimeTensor>();
        foreach (var inputs in job.Batches)
        {
            cancellation.ThrowIfCancellationRequested();
            Mat[] blobs = [.. inputs.Select(t => Mat.FromPixelData(t.Dims, MatType.CV_32F, t.Values))];
            Mat[] outputs = [.. names.Select(_ => new Mat())];
            try
            {
                foreach (var (blob, input) in blobs.Zip(inputs))
                {
                    net.SetInput(blob, input.Name);
                }

                net.Forward(outputs, names);
                results.AddRange(outputs.Zip(names, Read));
            }
            finally
            {
                foreach (var blob in blobs.Concat(outputs))
                {
                    blob.Dispose();
                }
            }
        }

        return results;
    }

    private static RuntimeTensor Read(Mat output, string name)
    {
        return output.Type() == MatType.CV_32F
            ? new RuntimeTensor(name, [.. Enumerable.Range(0, output.Dims).Select(output.Size)], output.AsSpan<float>().ToArray())
            : throw new ModelException($"OpenCV DNN gives {output.Type()}, not float32.");
    }
}
