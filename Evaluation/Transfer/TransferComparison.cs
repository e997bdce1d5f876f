namespace OneFractal.Evaluation;

/// <summary>A backbone against random weights of its architecture, or against a control.</summary>
/// <param name="Data">Name of the data set.</param>
/// <param name="Protocol">The protocol, for people.</param>
/// <param name="Backbone">What is judged.</param>
/// <param name="Reference">What it is compared with.</param>
/// <param name="Difference">Top-1 accuracy less that of the reference, seed by seed, as a share.</param>
public sealed record TransferComparison(string Data, string Protocol, string Backbone, string Reference, Interval Difference)
{
    /// <summary>What the difference says.</summary>
    public string Verdict => Difference switch
    {
        { HalfWidth: null } => "one seed: nothing is known of the spread",
        { Low: > 0 } => "better",
        { High: < 0 } => "worse",
        _ => "no difference shown",
    };
}
