using OneFractal.Training;
using static TorchSharp.torch;

namespace OneFractal.Evaluation;

/// <summary>Measures train steps of the same network, from the same weights, on ONNX Runtime and on TorchSharp, taken in turns.</summary>
public static class TrainBenchmark
{
    private static readonly StepSubject[] Subjects =
    [
        new("vit-micro", ImageSize: 32, Batch: 128),
        new("vit-tiny", ImageSize: 224, Batch: 8),
        new("resnet18", ImageSize: 64, Batch: 32),
    ];

    /// <summary>Names of the networks that can be measured.</summary>
    public static IReadOnlyList<string> Names => [.. Subjects.Select(s => s.Name)];

    /// <summary>Runs the comparison.</summary>
    /// <param name="names">Which of <see cref="Names"/>; all when empty.</param>
    /// <param name="steps">Timed steps of each side.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="threads">Threads to compute with; 0 for one per core.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>ONNX Runtime, held against TorchSharp.</returns>
    /// <exception cref="OneFractalException">The two sides do not compute the same.</exception>
    public static IReadOnlyList<StepComparisonResult> Run(
        IReadOnlyCollection<string> names, int steps, ComputeDevice device, int threads, IProgressReporter progress, CancellationToken cancellation = default)
    {
        if (threads > 0)
        {
            set_num_threads(threads);
        }

        var onCpu = TorchDevices.Resolve(device).type == TorchSharp.DeviceType.CPU;
        return
        [
            .. Subjects.Where(s => names.Count == 0 || names.Contains(s.Name)).Select(subject =>
            {
                var recipe = new TrainingRecipe { BatchSize = subject.Batch };
                var batch = new StepBatch(subject);
                return StepComparison.Run(
                    subject,
                    () => new BackendSide(new OnnxRuntimeBackend(subject.MakeModel(), recipe, device, threads), batch),
                    () => new BackendSide(new TorchSharpBackend(subject.MakeModel(), recipe, device), batch),
                    steps, onCpu, progress, cancellation);
            }),
        ];
    }
}
