namespace OneFractal.Evaluation;

/// <summary>The figures of a backbone on a data set by a protocol, over the seeds.</summary>
/// <param name="Data">Name of the data set.</param>
/// <param name="Protocol">The protocol, for people: "few-shot, 5 a class".</param>
/// <param name="Backbone">Name of the backbone.</param>
/// <param name="Rows">A row a seed.</param>
public sealed record TransferFigures(string Data, string Protocol, string Backbone, IReadOnlyList<ResultRow> Rows)
{
    /// <summary>A figure's mean over the seeds.</summary>
    public Interval Of(Func<ResultRow, double> figure) => Interval.Of([.. Rows.Select(figure)]);
}
