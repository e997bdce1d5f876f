using System.Globalization;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>What a transfer evaluation found, as one page that needs nothing else: <c>report.html</c>, the pictures of it as files, and the table as Markdown.</summary>
internal sealed class TransferReport
{
    // More classes than this make a matrix that nobody reads.
    private const int LargestMatrix = 20;
    private const int ConfusionsListed = 20;

    private readonly TransferSettings _settings;
    private readonly IReadOnlyList<TransferBackbone> _backbones;
    private readonly IReadOnlyList<TransferData> _data;
    private readonly TransferResult _result;

    private TransferReport(TransferSettings settings, IReadOnlyList<TransferBackbone> backbones, IReadOnlyList<TransferData> data, TransferResult result)
    {
        _settings = settings;
        _backbones = backbones;
        _data = data;
        _result = result;
    }

    /// <summary>Writes the page, its pictures and the Markdown.</summary>
    public static void Write(TransferSettings settings, IReadOnlyList<TransferBackbone> backbones, IReadOnlyList<TransferData> data, TransferResult result)
    {
        var report = new TransferReport(settings, backbones, data, result);
        AtomicFile.WriteText(result.Folder.ResultsMarkdown, report.Markdown());
        AtomicFile.WriteText(result.Folder.ReportHtml, report.Page());
    }

    private TransferSummary Summary => _result.Summary;

    private string Markdown()
    {
        var comparisons = Summary.Comparisons.Count > 0 ? "\n" + MarkdownTable.Format(TransferSummary.ComparisonHeaders, Summary.ComparisonTable()) : "";
        return MarkdownTable.Format(TransferSummary.Headers, Summary.Table()) + comparisons;
    }

    private string Page()
    {
        var page = ReportPage.Begin("Does pre-training transfer?")
            .Element("p", $"{Count(_backbones.Count, "backbone")}, {Count(_data.Count, "data set")}, {Count(_result.Runs.Count, "run")} with {Count(_settings.Seeds, "seed")}. Settings were chosen on validation images, never on test images.", "note");
        WriteComparisons(page);
        foreach (var data in _data)
        {
            WriteData(page, data);
        }

        WriteChoices(page);
        WriteWhatWasRun(page);
        return page.Raw("</body></html>").ToString();
    }

    private void WriteComparisons(Html page)
    {
        page.Element("h2", "Against random weights and controls");
        if (Summary.Comparisons.Count == 0)
        {
            page.Element("p", "There is nothing to compare with: add --backbone scratch:NAME for random weights of the same network.");
            return;
        }

        foreach (var group in Summary.Comparisons.GroupBy(c => (c.Backbone, c.Reference)))
        {
            page.Raw($"<p><b>{Html.Escape(group.Key.Backbone)}</b> against <b>{Html.Escape(group.Key.Reference)}</b>: ")
                .Raw(string.Join("; ", group.GroupBy(c => c.Verdict).Select(v =>
                    $"<span class=\"{Html.Escape(v.Key)}\">{Html.Escape(v.Key)}</span> in {v.Count()} of {group.Count()} ({Html.Escape(string.Join(", ", v.Select(c => $"{c.Protocol} on {c.Data}")))})")))
                .Raw("</p>");
        }

        page.Table(TransferSummary.ComparisonHeaders, Summary.ComparisonTable())
            .Element(
                "p",
                "Differences are in percentage points of top-1 accuracy, seed by seed on the same images; ± is half the 95 % interval of their mean by Student's t. "
                    + "\"Better\" means that the whole interval is above zero; with many comparisons, one in twenty of those without a difference will seem to have one.",
                "note");
    }

    private void WriteData(Html page, TransferData data)
    {
        var figures = Summary.Figures.Where(f => f.Data == data.Source.Name).ToArray();
        var plot = Path.Combine(_result.Folder.Plots, $"accuracy-{data.Source.FileName}.png");
        TransferPlots.Accuracy(plot, data.Source.Name, figures);
        page.Element("h2", data.Source.Name)
            .Element("p", $"{data.Classes} classes; {data.Pool.Count} images to take labelled ones from, {data.Test.Count} test images.", "note")
            .Png(File.ReadAllBytes(plot), $"Top-1 accuracy of every backbone and protocol on {data.Source.Name}")
            .Table([.. TransferSummary.Headers.Skip(1)], new TransferSummary(figures, []).Table().Select(row => (string[])[.. row.Skip(1)]))
            .Element("p", "Mean over the seeds ± half its 95 % interval. ECE: expected calibration error, 15 bins. Images/s: in training for fine-tuning, else through the frozen backbone.", "note");
        WriteCurves(page, data);
        foreach (var group in figures.GroupBy(f => f.Protocol))
        {
            page.Element("h3", $"Mistakes, {group.Key}");
            foreach (var figure in group)
            {
                WriteMistakes(page, data, figure);
            }
        }
    }

    private void WriteCurves(Html page, TransferData data)
    {
        var runs = _result.Runs
            .Where(r => r.Row.Data == data.Source.Name && r.Training is not null)
            .GroupBy(r => r.Row.Backbone)
            .Select(g => (g.Key, g.Select(r => new RunFolder(_result.Folder.Training(r.Training!)).ReadMetrics()).ToArray()))
            .ToArray();
        if (runs.Length > 0)
        {
            var plot = Path.Combine(_result.Folder.Plots, $"curves-{data.Source.FileName}.png");
            TransferPlots.Curves(plot, data.Source.Name, runs);
            page.Png(File.ReadAllBytes(plot), $"Learning curves of fine-tuning on {data.Source.Name}");
        }
    }

    private void WriteMistakes(Html page, TransferData data, TransferFigures figure)
    {
        RunResult[] runs = [.. figure.Rows.Select(row => _result.Runs.First(r => r.Row.Key == row.Key))];
        var confusion = runs.Select(r => new ConfusionMatrix(r.Confusion)).Aggregate((a, b) => a + b);
        page.Raw("<details open>")
            .Element("summary", $"{figure.Backbone}: {TransferSummary.Percent(figure.Of(r => r.Top1))}")
            .Raw("<div class=\"parts\">");
        WriteConfusion(page, confusion, data.Pool.ClassNames);
        WriteCalibration(page, runs);
        page.Raw("</div>");
        if (runs[0].Mistakes.Count > 0)
        {
            page.Element("p", $"The surest mistakes of seed {figure.Rows[0].Seed}:", "note").Raw("<div class=\"mistakes\">");
            foreach (var mistake in runs[0].Mistakes)
            {
                var (label, predicted) = (data.Pool.ClassNames[mistake.Label], data.Pool.ClassNames[mistake.Predicted]);
                page.Raw("<figure>");
                if (Pictures.Png(data.Test, mistake.Index) is { } png)
                {
                    page.Png(png, data.Test.Describe(mistake.Index));
                }

                page.Element("figcaption", FormattableString.Invariant($"{label}, taken for {predicted} ({100 * mistake.Probability:0} %)")).Raw("</figure>");
            }

            page.Raw("</div>");
        }

        page.Raw("</details>");
    }

    private static void WriteConfusion(Html page, ConfusionMatrix confusion, IReadOnlyList<string> names)
    {
        if (confusion.Classes > LargestMatrix)
        {
            var often = Enumerable.Range(0, confusion.Classes)
                .SelectMany(row => Enumerable.Range(0, confusion.Classes).Where(column => column != row).Select(column => (row, column, Count: confusion.Counts[row][column])))
                .Where(c => c.Count > 0).OrderByDescending(c => c.Count).Take(ConfusionsListed);
            page.Table(["class", "taken for", "images", "of the class"], often.Select(c => (string[])
                [names[c.row], names[c.column], Number(c.Count), FormattableString.Invariant($"{100.0 * c.Count / confusion.Actual(c.row):0.0} %")]));
            return;
        }

        page.Raw("<div class=\"scroll\"><table class=\"matrix\"><tr><th>class ↓ taken for →</th>");
        foreach (var name in names)
        {
            page.Element("th", name);
        }

        page.Raw("</tr>");
        for (var row = 0; row < confusion.Classes; row++)
        {
            page.Raw("<tr>").Element("th", names[row]);
            for (var column = 0; column < confusion.Classes; column++)
            {
                var count = confusion.Counts[row][column];
                var share = count / Math.Max(1.0, confusion.Actual(row));
                var colour = row == column ? "17,112,47" : "166,27,27";
                page.Raw(FormattableString.Invariant(
                    $"<td style=\"background:rgba({colour},{0.85 * share:0.###});color:{(share > 0.5 ? "#fff" : "inherit")}\">{(count == 0 ? "" : Number(count))}</td>"));
            }

            page.Raw("</tr>");
        }

        page.Raw("</table></div>");
    }

    /// <summary>Accuracy over confidence: bars on the diagonal are right as often as they say.</summary>
    private static void WriteCalibration(Html page, RunResult[] runs)
    {
        const int Side = 180;
        var bins = runs[0].Calibration.Count;
        page.Raw($"<svg width=\"{Side}\" height=\"{Side + 18}\" role=\"img\" aria-label=\"Accuracy by confidence\"><rect width=\"{Side}\" height=\"{Side}\" fill=\"#f2f4f8\"/>");
        for (var b = 0; b < bins; b++)
        {
            var count = runs.Sum(r => r.Calibration[b].Count);
            var accuracy = runs.Sum(r => r.Calibration[b].Count * r.Calibration[b].Accuracy) / Math.Max(1, count);
            page.Raw(FormattableString.Invariant(
                $"<rect x=\"{b * Side / (double)bins:0.#}\" y=\"{Side * (1 - accuracy):0.#}\" width=\"{Side / (double)bins - 1:0.#}\" height=\"{Side * accuracy:0.#}\" fill=\"#4a78b5\"><title>{count} predictions, {100 * accuracy:0.0} % right</title></rect>"));
        }

        page.Raw($"<line x1=\"0\" y1=\"{Side}\" x2=\"{Side}\" y2=\"0\" stroke=\"#a61b1b\"/><text x=\"0\" y=\"{Side + 14}\" font-size=\"12\" fill=\"#5a6678\">right ↑ over sure →</text></svg>");
    }

    private void WriteChoices(Html page)
    {
        page.Element("h2", "Every run").Table(
            ["data", "protocol", "backbone", "seed", "images", "validation", "learning rate", "weight decay", "L2", "top-1", "last epoch", "its validation", "best epoch", "its validation"],
            Summary.Figures.SelectMany(f => f.Rows.Select(r => (string[])
            [
                f.Data, f.Protocol, f.Backbone, Number((long)r.Seed), Number(r.TrainingImages), Number(r.ValidationImages), Short(r.LearningRate), Short(r.WeightDecay), Short(r.L2),
                Share(r.Top1), Short(r.LastEpoch), Share(r.ValidationAccuracy), Short(r.BestEpoch), Share(r.BestValidationAccuracy),
            ])))
            .Element("p", "The weights of the last epoch are tested; the best epoch is the one of the best validation accuracy.", "note");
    }

    private void WriteWhatWasRun(Html page)
    {
        page.Element("h2", "What was run").Table(
            ["backbone", "what it is", "architecture", "parameters", "images", "came from"],
            _backbones.Select(b => (string[])
            [
                b.Name,
                b.Role switch { BackboneRole.Scratch => "random weights, others with every seed", BackboneRole.Control => "control", _ => b.IsForeign ? "foreign ONNX file" : "ONNX file" },
                b.Architecture, b.Parameters.ToString("N0", CultureInfo.InvariantCulture), $"{b.ImageSize} px", Origin(b),
            ]))
            .Raw("<ul>")
            .Element("li", "Every backbone gets the same labelled images with the same seed, the same steps and batches, and the same settings to choose from.")
            .Element("li", $"Fine-tuning trains all weights for {_settings.Recipe.Steps} steps of {_settings.Recipe.BatchSize} images. Learning rate and weight decay are chosen once for each backbone and data set, on the first seed's validation images.")
            .Element("li", "The linear probe is multinomial logistic regression on frozen features, each scaled to mean 0 and deviation 1 on the training images: mean cross entropy + L2/2 · ‖W‖². L2 is chosen on the validation images of each seed.")
            .Element("li", "kNN: the 20 nearest of all labelled images by cosine similarity vote with exp(similarity / 0.07).")
            .Element("li", "Few-shot is the linear probe on n images of each class; n more, at most 4, are held out to choose L2 by.")
            .Element("li", _settings.Refit ? "Once chosen, fine-tuning and probe learn once more from all labelled images, validation images included." : "Validation images are not learnt.")
            .Raw("</ul>")
            .Element("p", $"{Machine.Description}; results of earlier calls keep the machine in results.csv. Written {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC.")
            .Element("pre", Yaml.Write(_settings).TrimEnd());
    }

    private static string Origin(TransferBackbone backbone)
    {
        var pretraining = backbone.Provenance.GetValueOrDefault("pretraining")?.Split('\n')[0];
        var accuracy = backbone.Provenance.GetValueOrDefault("pretext_accuracy");
        return pretraining is null ? backbone.Provenance.GetValueOrDefault("imported_from", "-")
            : accuracy is null ? pretraining
            : $"{pretraining}; classes told apart: {Share(double.Parse(accuracy, CultureInfo.InvariantCulture))}";
    }

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Short(double? value) => value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "-";

    private static string Share(double? value) => value is { } share ? FormattableString.Invariant($"{100 * share:0.00} %") : "-";
}
