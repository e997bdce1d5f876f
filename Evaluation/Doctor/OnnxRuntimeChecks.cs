using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Evaluation;

/// <summary>ONNX Runtime: each execution provider has to create a session and run a model.</summary>
internal static class OnnxRuntimeChecks
{
    private const string CudaName = "ONNX Runtime, CUDA";
    private const string CudaHint = "Needs an NVIDIA driver, CUDA 12 and cuDNN 9 on the library path.";
    private static readonly float[] Input = [1, 2, 3, 4], Product = [7, 10, 15, 22];

    public static IReadOnlyList<Check> All { get; } =
    [
        new("ONNX Runtime, CPU", Cpu, FindingStatus.Failed, "Build again: ./onefractal does, or 'dotnet build Solution.sln'."),
        new(CudaName, Cuda, FindingStatus.Missing, CudaHint),
    ];

    private static Finding Cpu()
    {
        if (!OrtEnv.IsCreated)
        {
            // A provider that cannot load also writes log lines of its own; the finding says it.
            var quiet = new EnvironmentCreationOptions { logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            OrtEnv.CreateInstanceWithOptions(ref quiet);
        }

        using var options = new SessionOptions();
        RunModel(options);
        return new Finding("ONNX Runtime, CPU", FindingStatus.Ok, OrtEnv.Instance().GetVersionString());
    }

    private static Finding Cuda()
    {
        using var options = new SessionOptions();
        try
        {
            options.AppendExecutionProvider_CUDA();
        }
        catch (OnnxRuntimeException)
        {
            // Its message names neither the library that is missing nor where it was looked for.
            return new Finding(CudaName, FindingStatus.Missing, "The CUDA provider or one of its libraries cannot be loaded", CudaHint);
        }

        RunModel(options);
        return new Finding(CudaName, FindingStatus.Ok, "runs a model on device 0");
    }

    private static void RunModel(SessionOptions options)
    {
        var graph = new GraphBuilder("doctor");
        var x = graph.Input("x", DataType.Float, 2, 2);
        var product = graph.MatMul(x, x);
        graph.Output(product);
        using var session = new InferenceSession(graph.Build(product.Name).Proto.ToByteArray(), options);
        using var input = OrtValue.CreateTensorValueFromMemory(Input, [2, 2]);
        using var run = new RunOptions();
        using var outputs = session.Run(run, ["x"], [input], session.OutputNames);
        if (!outputs[0].GetTensorDataAsSpan<float>().SequenceEqual(Product))
        {
            throw new InvalidOperationException("A matrix product came out wrong");
        }
    }
}
