using System.Globalization;
using OneFractal.Evaluation;
using OneFractal.Export;

namespace OneFractal.Cli.Output;

/// <summary>A report on a model file as tables: its layers, then the file as a whole.</summary>
internal static class ModelTables
{
    /// <summary>Prints the report.</summary>
    public static void Print(ModelReport report)
    {
        var graph = report.Graph;
        var shown = graph.Layers.Where(l => l.Parameters > 0 || l.Macs != 0).ToArray();
        Tables.Print(
            ["node", "operator", "output", "parameters", "MACs"],
            [.. shown.Select(l => (string[])[l.Name, l.Operator, l.Shape, Number(l.Parameters), l.Macs is { } macs ? Number(macs) : "-"])]);
        Console.WriteLine($"{graph.Layers.Count - shown.Length} more nodes have no parameters and no MACs.");
        Console.WriteLine();
        Tables.Print(
            ["", ""],
            [
                ["model", report.Model],
                ["opset", Number(report.Opset) + (report.Producer.Length > 0 ? $", by {report.Producer}" : "")],
                ["inputs", string.Join("; ", report.Inputs)],
                ["outputs", string.Join("; ", report.Outputs)],
                ["MACs", $"{Giga(graph.Macs)} an image: convolutions and matrix products, without biases, norms and activations"
                    + (graph.Uncounted.Count > 0 ? $"; not counted: {string.Join(", ", graph.Uncounted)}" : "")],
                ["trains", Count(graph.Trains) + (graph.MadeByNodes > 0 ? $"; nodes make {Number(graph.MadeByNodes)} more, which do not train" : "")],
                ["running statistics", Count(graph.Buffers)],
                ["constants", Count(graph.Constants)],
                ["not supported", report.Unsupported.Count > 0 ? string.Join(", ", report.Unsupported) : "none: TorchSharp runs every operator"],
                ["head", report.Head],
                ["next", report.Next],
            ]);
    }

    private static string Count(TensorCount count) => $"{Number(count.Values)} values in {Number(count.Tensors)} tensors";

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Giga(long value) => string.Create(CultureInfo.InvariantCulture, $"{value / 1e9:0.000} G");
}
