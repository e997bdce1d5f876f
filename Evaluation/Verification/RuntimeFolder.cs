using System.Runtime.InteropServices;
using System.Text.Json;

namespace OneFractal.Evaluation;

/// <summary>
/// A job as files, for a runtime in a process of its own: <c>job.json</c> names the model and, of each run, the inputs with their shapes and files of
/// raw float32 or uint8; the runtime writes its outputs the same way, and at last <c>result.json</c>, which has their shapes, or what went wrong.
/// </summary>
internal sealed class RuntimeFolder
{
    public const string JobFile = "job.json", ResultFile = "result.json";
    private const string Bytes = "uint8";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The job of a folder.</summary>
    public RuntimeFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Whether the runtime has come to an end.</summary>
    public bool HasResult => File.Exists(At(ResultFile));

    /// <summary>Writes a job; what an earlier one left is removed.</summary>
    public static RuntimeFolder Write(string path, RuntimeJob job, int threads)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        Directory.CreateDirectory(path);
        var folder = new RuntimeFolder(path);
        Entry[][] batches = [.. job.Batches.Select((batch, b) => (Entry[])[.. batch.Select((tensor, i) => folder.Save(tensor, $"in-{b}-{i}.bin"))])];
        folder.Save(JobFile, new Job(job.File, threads, batches));
        return folder;
    }

    /// <summary>A file of the folder.</summary>
    public string At(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The job, as the process that does it reads it.</summary>
    public RuntimeJob ReadJob()
    {
        var job = Read<Job>(JobFile);
        return new RuntimeJob(
            OnnxModel.Load(job.Model), job.Model, [.. job.Batches.Select(batch => (RuntimeTensor[])[.. batch.Select(Load)])]);
    }

    /// <summary>Writes what a runtime gave, or why it gave nothing.</summary>
    public void WriteResults(RuntimeAttempt attempt)
    {
        Save(ResultFile, attempt.Outputs is { } outputs
            ? new Result([.. outputs.Select((tensor, i) => Save(tensor, $"out-{i}.bin"))], null, false)
            : new Result(null, attempt.Problem, attempt.IsUnavailable));
    }

    /// <summary>What the runtime gave.</summary>
    /// <exception cref="RuntimeUnavailableException">It says that it is not on this machine.</exception>
    /// <exception cref="ModelException">It says that it cannot run the model.</exception>
    public IReadOnlyList<RuntimeTensor> ReadResults()
    {
        var result = Read<Result>(ResultFile);
        return result.Outputs is { } outputs ? [.. outputs.Select(Load)]
            : result.Unavailable ? throw new RuntimeUnavailableException(result.Error ?? "not here")
            : throw new ModelException(result.Error ?? "it gives no reason");
    }

    private Entry Save(RuntimeTensor tensor, string file)
    {
        File.WriteAllBytes(At(file), tensor.Bytes ?? MemoryMarshal.AsBytes(tensor.Values.AsSpan()));
        return new Entry(tensor.Name, tensor.Dims, file, tensor.Bytes is null ? "float32" : Bytes);
    }

    private void Save<T>(string file, T content) => AtomicFile.Write(At(file), stream => JsonSerializer.Serialize(stream, content, Json), flushToDisk: false);

    private RuntimeTensor Load(Entry entry)
    {
        var bytes = File.ReadAllBytes(At(entry.File));
        return entry.Type == Bytes
            ? new RuntimeTensor(entry.Name, entry.Dims, []) { Bytes = bytes }
            : new RuntimeTensor(entry.Name, entry.Dims, MemoryMarshal.Cast<byte, float>(bytes).ToArray());
    }

    private T Read<T>(string file) => JsonSerializer.Deserialize<T>(File.ReadAllBytes(At(file)), Json)!;

    private sealed record Job(string Model, int Threads, Entry[][] Batches);

    private sealed record Entry(string Name, int[] Dims, string File, string Type);

    private sealed record Result(Entry[]? Outputs, string? Error, bool Unavailable);
}
