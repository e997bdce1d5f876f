using System.Text.Json;

namespace OneFractal.Evaluation;

/// <summary>The files of a transfer evaluation, all in one folder.</summary>
public sealed class TransferFolder(string path)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>All settings of the last call, and the machine.</summary>
    public string RunYaml => File("run.yaml");

    /// <summary>One row a run, of all calls.</summary>
    public string ResultsCsv => File("results.csv");

    /// <summary>The page with everything.</summary>
    public string ReportHtml => File("report.html");

    /// <summary>The table as Markdown.</summary>
    public string ResultsMarkdown => File("results.md");

    /// <summary>Pictures of the page, as files.</summary>
    public string Plots => File("plots");

    /// <summary>The run folder of a fine-tuning.</summary>
    public string Training(string name) => File(System.IO.Path.Combine("trainings", name));

    /// <summary>Writes what a run left.</summary>
    internal void Save(RunResult result)
    {
        AtomicFile.Write(Result(result.Row.Key), stream => JsonSerializer.Serialize(stream, result, Json));
    }

    /// <summary>What a run left, or null where it has not ended.</summary>
    internal RunResult? Find(string key)
    {
        var path = Result(key);
        if (!System.IO.File.Exists(path))
        {
            return null;
        }

        try
        {
            using var stream = System.IO.File.OpenRead(path);
            return JsonSerializer.Deserialize<RunResult>(stream, Json);
        }
        catch (JsonException e)
        {
            throw new OneFractalException($"'{path}' is damaged: delete it, and the run is done again.", e);
        }
    }

    private string Result(string key) => File(System.IO.Path.Combine("runs", key + ".json"));

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
