using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;

namespace OneFractal.Inference;

/// <summary>Writes predictions as they come: lines, CSV or JSON. A bad file is a row with an error.</summary>
public static class PredictionWriter
{
    private const string ProbabilityFormat = "0.0000";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        // Paths and labels stay readable; the output is not put into a web page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>One line a file: path, then label and probability of the <paramref name="top"/> likeliest classes, separated by tabs.</summary>
    public static void WriteLines(IEnumerable<FilePrediction> predictions, int top, TextWriter writer)
    {
        foreach (var (path, prediction, error) in predictions)
        {
            var rest = prediction is null
                ? $"error: {error}"
                : string.Join('\t', prediction.Top(top).Select(c => $"{c.Label}\t{Format(c.Probability)}"));
            writer.WriteLine($"{path}\t{rest}");
        }
    }

    /// <summary>
    /// UTF-8 CSV with the columns path, label, probability, label_2, probability_2 … up to <paramref name="top"/>, and error.
    /// </summary>
    public static void WriteCsv(IEnumerable<FilePrediction> predictions, int top, Stream stream)
    {
        using var csv = CsvWriter.Create(stream, leaveOpen: true);
        string[] header =
        [
            "path",
            .. Enumerable.Range(1, top).SelectMany(place => (string[])(place == 1 ? ["label", "probability"] : [$"label_{place}", $"probability_{place}"])),
            "error",
        ];
        csv.WriteRecord(header);
        foreach (var (path, prediction, error) in predictions)
        {
            string[] classes = [.. (prediction?.Top(top) ?? []).SelectMany(c => (string[])[c.Label, Format(c.Probability)])];
            string[] record = [path, .. classes, .. Enumerable.Repeat("", 2 * top - classes.Length), error ?? ""];
            csv.WriteRecord(record);
        }
    }

    /// <summary>A JSON list, one element a line: path and predictions (label, probability), or path and error.</summary>
    public static void WriteJson(IEnumerable<FilePrediction> predictions, int top, TextWriter writer)
    {
        var separator = "[\n";
        foreach (var (path, prediction, error) in predictions)
        {
            var element = prediction is null
                ? JsonSerializer.Serialize(new { path, error }, Json)
                : JsonSerializer.Serialize(
                    new { path, predictions = prediction.Top(top).Select(c => new { c.Label, c.Probability }) }, Json);
            writer.Write(separator + element);
            separator = ",\n";
        }

        writer.WriteLine(separator == "[\n" ? "[]" : "\n]");
    }

    private static string Format(float probability) => probability.ToString(ProbabilityFormat, CultureInfo.InvariantCulture);
}
