using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Evaluation;

namespace OneFractal.Cli.Commands;

/// <summary>Measures what backbones are worth on labelled images.</summary>
internal sealed class EvaluateCommand : Verb<EvaluateSettings>
{
    /// <inheritdoc />
    protected override int Run(EvaluateSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var result = TransferEvaluation.Run(settings.ToSettings(), settings.ResolveJob(TransferEvaluation.Verb, progress), cancellation);
        if (settings.Markdown)
        {
            Console.Out.Write(File.ReadAllText(result.Folder.ResultsMarkdown));
            return 0;
        }

        Tables.Print(TransferSummary.Headers, result.Summary.Table());
        if (result.Summary.Comparisons.Count > 0)
        {
            Console.WriteLine();
            Tables.Print(TransferSummary.ComparisonHeaders, result.Summary.ComparisonTable());
        }

        Console.WriteLine();
        Console.WriteLine($"Everything is in {result.Folder.Path}: open {result.Folder.ReportHtml}; one row a run in {result.Folder.ResultsCsv}.");
        return 0;
    }
}
