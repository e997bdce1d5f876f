using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Evaluation;

/// <summary>
/// Measures what running a network as a graph costs: train steps of the same network, from the same weights, through its ONNX graph and written by hand
/// as an <c>nn.Module</c> with <c>torch.optim.AdamW</c>, taken in turns.
/// </summary>
public static class GraphBenchmark
{
    private static readonly (StepSubject Subject, Func<nn.Module<Tensor, Tensor>> WriteByHand)[] Subjects =
    [
        (new("vit-tiny", ImageSize: 224, Batch: 8), () => new HandWrittenViT(224, 16, 192, 12, 3, StepSubject.Classes)),
        (new("resnet18", ImageSize: 64, Batch: 32), () => new HandWrittenResNet18(StepSubject.Classes)),
    ];

    /// <summary>Runs the comparison.</summary>
    /// <param name="steps">Timed steps of each side.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="threads">Threads to compute with; 0 for one per core.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>The graph, held against the network written by hand.</returns>
    /// <exception cref="OneFractalException">The two sides do not compute the same.</exception>
    public static IReadOnlyList<StepComparisonResult> Run(
        int steps, ComputeDevice device, int threads, IProgressReporter progress, CancellationToken cancellation = default)
    {
        if (threads > 0)
        {
            set_num_threads(threads);
        }

        var torchDevice = TorchDevices.Resolve(device);
        return
        [
            .. Subjects.Select(s =>
            {
                var recipe = new TrainingRecipe { BatchSize = s.Subject.Batch, ClipGradient = 0 };
                var batch = new StepBatch(s.Subject);
                return StepComparison.Run(
                    s.Subject,
                    () => new BackendSide(new TorchSharpBackend(s.Subject.MakeModel(), recipe, device), batch),
                    () => new ModuleSide(s.WriteByHand(), s.Subject.MakeModel(), recipe, torchDevice, batch),
                    steps, torchDevice.type == DeviceType.CPU, progress, cancellation);
            }),
        ];
    }
}
