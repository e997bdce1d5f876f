using MathNet.Numerics.Statistics;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>What a sweep found: <c>report.html</c>, a page that needs nothing else, its pictures as files, and the table as Markdown.</summary>
internal sealed class SweepReport
{
    // Two points rise or fall whatever is measured.
    private const int FewestForATrend = 3;

    private readonly SweepDefinition _definition;
    private readonly SweepPlan _plan;
    private readonly SweepResult _result;
    private readonly IReadOnlyList<PublishedFigure> _published;

    private SweepReport(SweepDefinition definition, SweepPlan plan, SweepResult result)
    {
        _definition = definition;
        _plan = plan;
        _result = result;
        _published = PublishedFigures.For(definition.XAxis, plan.Cells);
    }

    /// <summary>Writes the page, its pictures and the Markdown.</summary>
    public static void Write(SweepDefinition definition, SweepPlan plan, SweepResult result)
    {
        var report = new SweepReport(definition, plan, result);
        AtomicFile.WriteText(result.Folder.ResultsMarkdown, report.Markdown());
        AtomicFile.WriteText(result.Folder.ReportHtml, report.Page());
    }

    private string Markdown()
    {
        var comparisons = _result.Comparisons.Count > 0 ? "\n" + MarkdownTable.Format(TransferSummary.ComparisonHeaders, _result.ComparisonTable()) : "";
        return MarkdownTable.Format(_result.Headers, SweepResult.Table(_result.Figures)) + comparisons;
    }

    private string Page()
    {
        var page = ReportPage.Begin(_definition.Title)
            .Element("p", _definition.About)
            .Element("p", $"{_plan.Cells.Count} cells, {_plan.Parts.Count(p => p.Pretraining is not null)} pre-trainings; {_result.Rows.Count} results.", "note");
        foreach (var note in _result.Notes)
        {
            page.Element("p", note, "note");
        }

        if (_result.Failures.Count > 0)
        {
            page.Element("h2", "What failed").Table(["", "key", "why"], _result.Failures.Select(f => (string[])[f.Name, f.Key, f.Error]));
        }

        foreach (var group in _result.Figures.GroupBy(f => (f.Data, f.Protocol)))
        {
            WritePanel(page, group.Key.Data, group.Key.Protocol, [.. group]);
        }

        if (_result.Comparisons.Count > 0)
        {
            page.Element("h2", "Against random weights")
                .Table(TransferSummary.ComparisonHeaders, _result.ComparisonTable())
                .Element("p", "In percentage points of top-1 accuracy, at the same place of the grid and seed by seed on the same images; ± is half the 95 % interval of the mean over the seeds of the evaluation.", "note");
        }

        if (_published.Count > 0)
        {
            page.Element("h2", "What is published")
                .Table([_definition.XAxis, "data", "top-1"], _published.Select(p => (string[])[p.Value, p.Data, FormattableString.Invariant($"{p.Top1:0.0} %")]))
                .Element("p", $"{PublishedFigures.Origin}.", "note");
        }

        WriteWhatWasRun(page);
        return page.Raw("</body></html>").ToString();
    }

    private void WritePanel(Html page, string data, string protocol, IReadOnlyList<SweepFigures> figures)
    {
        var caption = Caption(data, protocol);
        var name = string.Concat($"{data}-{protocol}".Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-'));
        var plot = Path.Combine(_result.Folder.Plots, $"{name}.png");
        SweepPlot.Write(plot, $"{_definition.Title}\n{protocol} on {data}", _definition.XAxis, string.Join('\n', caption), figures, _published);
        page.Element("h2", $"{data}, {protocol}")
            .Png(File.ReadAllBytes(plot), $"Top-1 accuracy over {_definition.XAxis}, {protocol} on {data}")
            .Element("p", string.Join(' ', caption), "note")
            .Table([.. _result.Headers.Skip(2)], SweepResult.Table(figures).Select(row => (string[])[.. row.Skip(2)]));
        foreach (var series in figures.GroupBy(f => f.Series))
        {
            foreach (var published in _published.GroupBy(p => p.Data))
            {
                if (Trend(series, [.. published]) is { } trend)
                {
                    page.Element("p", FormattableString.Invariant(
                        $"{(series.Key.Length > 0 ? series.Key : "Ours")} against published {published.Key}: rank correlation {trend.Rank:0.00} over {trend.Count} common values (1: the same order, 0: none, −1: the reverse)."));
                }
            }
        }
    }

    /// <summary>Whether what is higher there is higher here, which does not depend on the scales: Spearman's correlation of the ranks, and of how many values.</summary>
    /// <returns>Null where there are too few common values, or ours do not change: random weights do not depend on Δ.</returns>
    internal static (double Rank, int Count)? Trend(IEnumerable<SweepFigures> ours, IReadOnlyList<PublishedFigure> published)
    {
        var common = ours.SelectMany(f => published.Where(p => PublishedFigures.IsSame(p.Value, f.X)).Select(p => (Ours: f.Top1.Mean, p.Top1))).ToArray();
        return common.Length >= FewestForATrend && common.Select(c => c.Ours).Distinct().Count() > 1
            ? (Correlation.Spearman(common.Select(c => c.Ours), common.Select(c => c.Top1)), common.Length)
            : null;
    }

    private string[] Caption(string data, string protocol)
    {
        string[] networks = [.. _plan.Cells.Select(c => c.Settings.Source == SweepSource.File ? Path.GetFileName(c.Settings.File)! : c.Settings.Backbone).Distinct()];
        var seen = Range(_plan.Parts.Select(p => p.Pretraining?.ImagesSeen()).OfType<long>());
        var labelled = Range(_plan.Parts.Select(p => p.Evaluation).OfType<TransferSettings>().Select(e => (long)(e.Labelled ?? TransferSettings.DefaultLabelled)));
        string[] ours =
        [
            $"Ours: {string.Join(", ", networks)}{(seen.Length > 0 ? $", {seen} images seen in pre-training" : "")};",
            $"{protocol} on {data}, {(labelled == "0" ? "all" : labelled)} labelled images; mean with its 95 % interval.",
        ];
        return _published.Count == 0
            ? ours
            :
            [
                .. ours,
                "Published: ViT-Tiny, 1p-frac sees 80,000,000 images in pre-training, full fine-tuning (arXiv 2408.00677).",
                "Networks, budgets, data and axes differ in scale: compare the trends, never the heights.",
            ];
    }

    private static string Range(IEnumerable<long> values)
    {
        long[] distinct = [.. values.Distinct().Order()];
        return distinct.Length == 0 ? "" : distinct.Length == 1 ? Number(distinct[0]) : $"{Number(distinct[0])} to {Number(distinct[^1])}";

        static string Number(long value) => value.ToString("N0", System.Globalization.CultureInfo.InvariantCulture);
    }

    private void WriteWhatWasRun(Html page)
    {
        var folder = _result.Folder;
        page.Element("h2", "What was run")
            .Table(["cell", "key", "pre-training", "state"], _plan.Cells.Select(c => (string[])
            [
                c.Name, c.Key, c.PretrainingKey ?? "-", _result.Failures.Any(f => f.Key == c.Key) ? "failed" : File.Exists(folder.Cell(c.Key).ReportHtml) ? "done" : "not done",
            ]))
            .Element("p", "cells/KEY/report.html has everything of a cell: curves, confusion matrices, mistakes; pretrainings/KEY is the run folder of a pre-training; sweep.csv has a row for each result.", "note")
            .Element("p", $"{Machine.Description}; results of earlier calls keep the machine in cells/KEY/results.csv. Written {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC.")
            .Element("pre", Yaml.Write(_definition).TrimEnd());
    }
}
