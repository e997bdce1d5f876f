using System.Globalization;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace OneFractal.Inference;

/// <summary>Creates ONNX Runtime sessions on the device asked for, and says in one line why one cannot be had.</summary>
public static class SessionFactory
{
    private const string CudaProvider = "CUDAExecutionProvider";
    private static readonly Lazy<OrtEnv> Runtime = new(CreateEnvironment);

    // Loading the CUDA libraries in vain takes time, so that `auto` tries only once.
    private static volatile bool _cudaFailed;

    /// <summary>A session, and the device it runs on: <c>cpu</c> or <c>cuda:n</c>.</summary>
    /// <param name="source">What errors call the model.</param>
    /// <param name="settings">Device, threads, optimisation.</param>
    /// <param name="open">Opens the model with the options given, for instance from its file.</param>
    /// <exception cref="ModelException">ONNX Runtime refuses the model.</exception>
    /// <exception cref="OneFractalException">CUDA was asked for and cannot be used.</exception>
    public static (InferenceSession Session, ComputeDevice Device) Create(
        string source, SessionSettings settings, Func<SessionOptions, InferenceSession> open)
    {
        var device = settings.Device;
        var failedOnCuda = false;
        var hasCuda = Runtime.Value.GetAvailableProviders().Contains(CudaProvider);
        if (device.Kind == ComputeDeviceKind.Cuda || (device.Kind == ComputeDeviceKind.Auto && hasCuda && !_cudaFailed))
        {
            try
            {
                return hasCuda
                    ? (Open(settings, device.Index, open), new ComputeDevice(ComputeDeviceKind.Cuda, device.Index))
                    : throw new OneFractalException($"{device} cannot be used: this build of ONNX Runtime has no CUDA. Use --device cpu.");
            }
            catch (OnnxRuntimeException e) when (device.Kind == ComputeDeviceKind.Cuda)
            {
                throw new OneFractalException(
                    $"{device} cannot be used by ONNX Runtime ({OrtErrors.Explain(e)}). Use --device cpu, or see 'onefractal doctor'.", e);
            }
            catch (OnnxRuntimeException)
            {
                failedOnCuda = true;
            }
        }

        try
        {
            var session = Open(settings, null, open);
            // A model that runs nowhere says nothing of the device.
            _cudaFailed |= failedOnCuda;
            return (session, ComputeDevice.Cpu);
        }
        catch (OnnxRuntimeException e)
        {
            throw new ModelException($"'{source}': ONNX Runtime cannot run this model ({OrtErrors.Explain(e)}).", e);
        }
    }

    /// <summary>
    /// Opens a model that is in memory; one of more than 2 GiB by way of files in a temporary folder, since ONNX Runtime takes no larger message.
    /// </summary>
    public static InferenceSession Open(OnnxModel model, SessionOptions options) => Open(model, options, OnnxModel.InlineLimit);

    /// <summary>As <see cref="Open(OnnxModel, SessionOptions)"/>, with another limit in bytes.</summary>
    internal static InferenceSession Open(OnnxModel model, SessionOptions options, long inlineLimit)
    {
        if (model.FitsInline(inlineLimit))
        {
            return new InferenceSession(model.Proto.ToByteArray(), options);
        }

        var folder = Directory.CreateTempSubdirectory("onefractal-session-").FullName;
        try
        {
            var path = Path.Combine(folder, "model.onnx");
            model.SaveWithExternalData(path);
            return new InferenceSession(path, options);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static InferenceSession Open(SessionSettings settings, int? cuda, Func<SessionOptions, InferenceSession> open)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = settings.Optimization switch
            {
                GraphOptimization.None => GraphOptimizationLevel.ORT_DISABLE_ALL,
                GraphOptimization.Basic => GraphOptimizationLevel.ORT_ENABLE_BASIC,
                GraphOptimization.Extended => GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
                GraphOptimization.Layout => GraphOptimizationLevel.ORT_ENABLE_LAYOUT,
                _ => GraphOptimizationLevel.ORT_ENABLE_ALL,
            },
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        var threads = settings.Threads == 0 && settings.ParallelRuns > 1 ? Environment.ProcessorCount : settings.Threads;
        if (threads > 0)
        {
            options.IntraOpNumThreads = (threads + settings.ParallelRuns - 1) / settings.ParallelRuns;
        }

        if (settings.ParkThreads || settings.ParallelRuns > 1)
        {
            options.AddSessionConfigEntry("session.force_spinning_stop", "1");
        }

        if (cuda is { } index)
        {
            // TF32 in matrix products and convolutions is ONNX Runtime's own default; said here, it cannot change unseen. TorchSharp is set to the same.
            using var provider = new OrtCUDAProviderOptions();
            provider.UpdateOptions(new Dictionary<string, string> { ["device_id"] = index.ToString(CultureInfo.InvariantCulture), ["use_tf32"] = "1" });
            options.AppendExecutionProvider_CUDA(provider);
        }

        return open(options);
    }

    private static OrtEnv CreateEnvironment()
    {
        // Its warnings are about its own choices, and what fails comes as an exception too: standard error stays ours.
        var environment = OrtEnv.Instance();
        environment.EnvLogLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        return environment;
    }
}
