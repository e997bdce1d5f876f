using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>Speed and accuracy of models, side by side.</summary>
/// <param name="Speed">What was measured.</param>
/// <param name="Ratios">Of runs that took turns.</param>
/// <param name="Accuracy">Of each model, where there were labelled images.</param>
public sealed record InferenceReport(InferenceBenchmarkResult Speed, IReadOnlyList<InferenceRatio> Ratios, IReadOnlyList<InferenceAccuracy> Accuracy)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower), new ComputeDeviceJsonConverter() },
        WriteIndented = true,
    };

    /// <summary>Everything but the single times: environment, sessions, runs, scenarios, notes, ratios, accuracy.</summary>
    public JsonObject ToJson()
    {
        var json = JsonSerializer.SerializeToNode(Speed, Json)!.AsObject();
        json["ratios"] = JsonSerializer.SerializeToNode(Ratios, Json);
        json["accuracy"] = JsonSerializer.SerializeToNode(Accuracy, Json);
        return json;
    }

    /// <summary>Writes a row for each combination of model, device, threads, batch size and binding.</summary>
    /// <exception cref="OneFractalException">The file cannot be written.</exception>
    public void WriteCsv(string path) => Write(path, writer => writer.WriteRecords(InferenceRow.Of(this)));

    /// <summary>
    /// Writes <c>runs.csv</c>, <c>scenarios.csv</c>, <c>bench.json</c>, <c>latency.png</c> (distribution at each batch size) and
    /// <c>throughput.png</c> (over batch sizes) into a folder.
    /// </summary>
    /// <exception cref="OneFractalException">A file cannot be written.</exception>
    public void Write(string folder)
    {
        WriteCsv(Path.Combine(folder, "runs.csv"));
        Write(Path.Combine(folder, "scenarios.csv"), writer => writer.WriteRecords(Speed.Scenarios.Select(ScenarioRow.Of)));
        AtomicFile.WriteText(Path.Combine(folder, "bench.json"), ToJson().ToJsonString(Json));
        InferencePlots.Latency(Path.Combine(folder, "latency.png"), Speed);
        InferencePlots.Throughput(Path.Combine(folder, "throughput.png"), Speed);
    }

    private static void Write(string path, Action<CsvWriter> write)
    {
        AtomicFile.Write(path, stream =>
        {
            using var writer = CsvWriter.Create(stream, leaveOpen: true);
            write(writer);
        });
    }
}
