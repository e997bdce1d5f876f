namespace OneFractal.Evaluation;

/// <summary>What runtimes in processes of their own need: a folder for their files, and how the processes are started.</summary>
/// <param name="Folder">A folder for temporary files.</param>
/// <param name="Command">The command line of OneFractal up to the verb, or null where this process has none.</param>
/// <param name="Packages">Packages of Node.js, or null.</param>
/// <param name="Threads">Threads to compute with; 0 leaves it to the runtime.</param>
internal sealed record RuntimeHost(string Folder, IReadOnlyList<string>? Command, NodePackages? Packages, int Threads)
{
    private static readonly TimeSpan Start = TimeSpan.FromMinutes(2), Batch = TimeSpan.FromMinutes(1);

    /// <summary>How long a process may take: a minute a run, and two to start. One that hangs is stopped then.</summary>
    public static TimeSpan Limit(RuntimeJob job) => Start + job.Batches.Count * Batch;

    /// <summary>Writes a job, for one process at a time.</summary>
    public RuntimeFolder WriteJob(RuntimeJob job) => RuntimeFolder.Write(Path.Combine(Folder, "job"), job, Threads);

    /// <summary>The packages, of which <paramref name="package"/> is one.</summary>
    /// <exception cref="RuntimeUnavailableException">They are not there.</exception>
    public NodePackages Require(string package)
    {
        return Packages?.Version(package) is not null ? Packages : throw new RuntimeUnavailableException($"not here: {NodePackages.HowToGet}");
    }
}
