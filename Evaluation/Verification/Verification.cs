using System.Runtime.InteropServices;

namespace OneFractal.Evaluation;

/// <summary>
/// Runs the same images through every runtime of this machine and compares their outputs with those of ONNX Runtime on the CPU with
/// its optimisations off, where each node runs as it is written.
/// </summary>
public static class Verification
{
    private const string ReferenceName = "ONNX Runtime CPU, as written";

    /// <summary>Verifies a model file.</summary>
    /// <exception cref="ModelException">Not a usable ONNX file, not a model of images, or one that ONNX Runtime cannot run.</exception>
    /// <exception cref="OneFractalException">The images cannot be had.</exception>
    public static VerificationReport Run(string path, VerificationSettings? settings = null, CancellationToken cancellation = default)
    {
        return Run(OnnxModel.Load(path), settings, cancellation);
    }

    /// <summary>Verifies a model that is in memory.</summary>
    /// <inheritdoc cref="Run(string, VerificationSettings?, CancellationToken)" path="/exception" />
    public static VerificationReport Run(OnnxModel model, VerificationSettings? settings = null, CancellationToken cancellation = default)
    {
        settings ??= new VerificationSettings();
        if (settings.Count < 1)
        {
            throw new UsageException($"Verification needs at least one image, not {settings.Count}.");
        }

        SessionSettings Session(ComputeDevice device, bool optimize) => new() { Device = device, Threads = settings.Threads, Optimize = optimize };
        using var reference = ModelRunner.Create(model, Session(ComputeDevice.Cpu, optimize: false));
        var images = VerificationImages.Make(settings, reference);
        var expected = new float[images.Count * reference.OutputLength];
        reference.Run(images.Pixels, images.Count, expected);
        if (!expected.All(float.IsFinite))
        {
            throw new ModelException($"'{model.Source}' gives outputs that are not finite numbers: its weights are not usable.");
        }

        var results = new List<RuntimeAgreement> { new(ReferenceName, VerificationStatus.Reference, null, null, null, null, "") };
        foreach (var (name, open) in new (string, Func<IModelRuntime?>)[]
        {
            ("ONNX Runtime CPU, optimised", () => new OnnxRuntimeRuntime(ModelRunner.Create(model, Session(ComputeDevice.Cpu, optimize: true)))),
            ("ONNX Runtime CUDA", () => OpenCuda(model, Session(ComputeDevice.Auto, optimize: true))),
            ("TorchSharp CPU", () => new TorchSharpRuntime(model, reference)),
            ($"OpenCV DNN, batch {reference.FixedBatch ?? 1}", () => new OpenCvRuntime(model, reference)),
        })
        {
            cancellation.ThrowIfCancellationRequested();
            results.Add(Compare(name, open, images, expected, settings.Tolerance, model.Metadata is { Labels.Count: > 0 }));
        }

        return new VerificationReport(model.Source, images.Description, images.Count, settings.Tolerance, results);
    }

    private static OnnxRuntimeRuntime? OpenCuda(OnnxModel model, SessionSettings settings)
    {
        var runner = ModelRunner.Create(model, settings);
        if (runner.Device.Kind == ComputeDeviceKind.Cuda)
        {
            return new OnnxRuntimeRuntime(runner);
        }

        runner.Dispose();
        return null;
    }

    private static RuntimeAgreement Compare(
        string name, Func<IModelRuntime?> open, VerificationImages images, float[] expected, double tolerance, bool hasClasses)
    {
        var actual = new float[expected.Length];
        try
        {
            using var runtime = open();
            if (runtime is null)
            {
                return Without(name, VerificationStatus.Unavailable, "not on this machine");
            }

            runtime.Run(images.Pixels, images.Count, actual);
        }
        catch (Exception e) when (e is OneFractalException or OpenCvSharp.OpenCVException or ExternalException)
        {
            return Without(name, VerificationStatus.Failed, e.Message.ReplaceLineEndings(" ").Trim());
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            return Without(name, VerificationStatus.Unavailable, "its native library cannot be loaded; see 'onefractal doctor'");
        }

        var comparison = OutputComparison.Of(actual, expected, images.Count);
        return double.IsFinite(comparison.MaxAbsolute)
            ? new RuntimeAgreement(
                name,
                comparison.MaxAbsolute <= tolerance * comparison.Scale ? VerificationStatus.Passed : VerificationStatus.Failed,
                comparison.MaxAbsolute,
                comparison.MeanAbsolute,
                comparison.MaxRelative,
                hasClasses ? comparison.Top1Agreement : null,
                "")
            : Without(name, VerificationStatus.Failed, "some outputs are not finite numbers");
    }

    private static RuntimeAgreement Without(string name, VerificationStatus status, string detail) => new(name, status, null, null, null, null, detail);
}
