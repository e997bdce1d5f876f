namespace OneFractal.Evaluation;

/// <summary>
/// The node at which a runtime first differs from the reference: all values that it reads agree. Errors are the largest |a − b| of a value in units of
/// its largest |b|, on the image with the largest error (a batch of them where the model takes only that).
/// </summary>
/// <param name="Node">The node, or "" where the difference did not come again.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Value">The value that differs.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Error">Its error; null where the runtime cannot compute it, or gives values that are not finite.</param>
/// <param name="ErrorBefore">The largest error of the values that the node reads; 0 for the model's input.</param>
/// <param name="Before">The values that the node reads.</param>
/// <param name="ErrorAlone">The error of the node when it is all that the runtime runs, on the reference's values; null where it cannot.</param>
/// <param name="Finding">What follows, in a sentence.</param>
/// <param name="Probes">How many values were compared.</param>
public sealed record FirstDifference(
    string Node,
    string Operator,
    string Value,
    IReadOnlyList<int> Shape,
    double? Error,
    double ErrorBefore,
    IReadOnlyList<string> Before,
    double? ErrorAlone,
    string Finding,
    int Probes);
