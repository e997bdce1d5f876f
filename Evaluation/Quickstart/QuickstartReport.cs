using OneFractal.Inference;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>What the quickstart measured.</summary>
/// <param name="Run">The run folder.</param>
/// <param name="Backend">What computed the steps of all its trainings.</param>
/// <param name="RenderedImages">Fractals drawn and written as PNG.</param>
/// <param name="RenderSeconds">How long that took.</param>
/// <param name="Pretraining">Rows of the pre-training's <c>metrics.csv</c>.</param>
/// <param name="Verification">The backbone on every runtime here.</param>
/// <param name="Pretrained">The classifier that started from the fractals.</param>
/// <param name="Scratch">The classifier that started from random weights.</param>
/// <param name="Latency">Speed of the classifier on ONNX Runtime.</param>
/// <param name="Elapsed">How long all of it took.</param>
public sealed record QuickstartReport(
    RunFolder Run,
    BackendKind Backend,
    int RenderedImages,
    double RenderSeconds,
    IReadOnlyList<MetricsRow> Pretraining,
    VerificationReport Verification,
    QuickstartStart Pretrained,
    QuickstartStart Scratch,
    LatencyReport Latency,
    TimeSpan Elapsed);
