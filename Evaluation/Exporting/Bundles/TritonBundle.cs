using System.Globalization;
using System.Text;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Evaluation;

/// <summary>
/// A folder of a Triton model repository, whose name is the model's: <c>config.pbtxt</c> (the protobuf text of <c>inference.ModelConfig</c>), <c>1/model.onnx</c>
/// and the labels. Requests are put together to batches where the model takes any.
/// </summary>
internal static class TritonBundle
{
    private const string Labels = "labels.txt";
    private const int LargestBatch = 64, MicrosecondsToWait = 100;

    public static IEnumerable<BundleFile> Files(BundleSource source)
    {
        var hasLabels = source.Metadata.Labels.Count > 0 && source.Deployed.Graph.Output.Count == 1;
        BundleFile[] labels = hasLabels ? [BundleFile.Text(Labels, LabelLines(source.Metadata.Labels))] : [];
        return [BundleFile.Text("config.pbtxt", Config(source, hasLabels)), .. source.Model("1/model.onnx"), .. labels];
    }

    /// <summary>A label a line.</summary>
    public static string LabelLines(IEnumerable<string> labels) => string.Concat(labels.Select(l => $"{l.ReplaceLineEndings(" ")}\n"));

    private static string Config(BundleSource source, bool hasLabels)
    {
        var text = new StringBuilder();
        var isAny = source.Batch is null;
        text.Append(CultureInfo.InvariantCulture, $"name: {Quote(source.Name)}\nbackend: \"onnxruntime\"\n");
        // 0 says that the dimensions below include the batch.
        text.Append(CultureInfo.InvariantCulture, $"max_batch_size: {(isAny ? LargestBatch : 0)}\n");
        Append(text, "input", source.InputName, source.Input, isAny, null);
        foreach (var output in source.Deployed.Graph.Output)
        {
            Append(text, "output", output.Name, TensorInfo.From(output)!, isAny, hasLabels ? Labels : null);
        }

        if (isAny)
        {
            text.Append(CultureInfo.InvariantCulture, $"dynamic_batching {{\n  max_queue_delay_microseconds: {MicrosecondsToWait}\n}}\n");
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, string field, string name, TensorInfo info, bool skipBatch, string? labels)
    {
        var type = info.Type switch
        {
            DataType.Float => "TYPE_FP32",
            DataType.Uint8 => "TYPE_UINT8",
            _ => throw new ModelException($"'{name}' is {info.Type}, for which no Triton type is known here."),
        };
        var dims = string.Join(", ", info.Shape!.Skip(skipBatch ? 1 : 0).Select(d => d.Value ?? -1));
        text.Append(CultureInfo.InvariantCulture, $"{field} {{\n  name: {Quote(name)}\n  data_type: {type}\n  dims: [ {dims} ]\n");
        text.Append(labels is null ? "" : $"  label_filename: {Quote(labels)}\n").Append("}\n");
    }

    private static string Quote(string text)
    {
        return $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
    }
}
