using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>The files of a sweep, all in one folder.</summary>
public sealed class SweepFolder(string path)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50), LongestWait = TimeSpan.FromMinutes(2);

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>The definition of the last call, and the machine.</summary>
    public string SweepYaml => File("sweep.yaml");

    /// <summary>One row for each cell, data set, protocol and seed.</summary>
    public string SweepCsv => File("sweep.csv");

    /// <summary>What failed, and why; not there when nothing did.</summary>
    public string FailuresCsv => File("failures.csv");

    /// <summary>The page with tables and plots.</summary>
    public string ReportHtml => File("report.html");

    /// <summary>The tables as Markdown.</summary>
    public string ResultsMarkdown => File("results.md");

    /// <summary>Pictures of the page, as files.</summary>
    public string Plots => File("plots");

    /// <summary>The run folder of a pre-training.</summary>
    public RunFolder Pretraining(string key) => new(File(System.IO.Path.Combine("pretrainings", key)));

    /// <summary>The evaluation of a cell.</summary>
    public TransferFolder Cell(string key) => new(File(System.IO.Path.Combine("cells", key)));

    /// <summary>What the process of a part said.</summary>
    internal string Log(string key) => File(System.IO.Path.Combine("logs", key + ".log"));

    /// <summary>What to do for a part.</summary>
    internal string PartYaml(string key) => File(System.IO.Path.Combine("parts", key + ".yaml"));

    /// <summary>Whether a part has ended; the file that is asked for is the last that it writes.</summary>
    internal bool IsDone(SweepPart part) => System.IO.File.Exists(part.Pretraining is null ? Cell(part.Key).ReportHtml : Pretraining(part.Key).Backbone);

    /// <summary>Reads what to do for a part.</summary>
    /// <exception cref="UsageException">There is no such part.</exception>
    internal SweepPart ReadPart(string key)
    {
        var file = PartYaml(key);
        return System.IO.File.Exists(file)
            ? Yaml.Read<SweepPart>(System.IO.File.ReadAllText(file), file)
            : throw new UsageException($"There is no part '{key}' in '{Path}'.");
    }

    /// <summary>Keeps other processes from the same work until the result is disposed or the process ends, however it ends.</summary>
    /// <param name="name">The work: a part's key, or the whole sweep.</param>
    /// <param name="wait">Waits a while for a process that is about to stop, such as the child of a killed one.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="OneFractalException">Another process does it.</exception>
    internal IDisposable Claim(string name, bool wait, CancellationToken cancellation)
    {
        var file = File(System.IO.Path.Combine("parts", name + ".lock"));
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException) when (wait && System.IO.File.Exists(file) && System.Diagnostics.Stopwatch.GetElapsedTime(start) < LongestWait)
            {
                cancellation.WaitHandle.WaitOne(Pause);
                cancellation.ThrowIfCancellationRequested();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new OneFractalException($"Cannot write to '{Path}', or another process sweeps there: {e.Message.TrimEnd('.')}.", e);
            }
        }
    }

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
