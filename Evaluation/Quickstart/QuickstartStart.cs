using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>One of the two starts that the quickstart compares.</summary>
/// <param name="Finetuning">Its run.</param>
/// <param name="Deployed">Its classifier file on the whole test set, through ONNX Runtime.</param>
public sealed record QuickstartStart(FinetuningResult Finetuning, TestSetResult Deployed);
