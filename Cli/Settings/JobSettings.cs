using System.ComponentModel;
using OneFractal.Training;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of verbs whose work is a run folder that can be resumed.</summary>
internal abstract class JobSettings : RunSettings
{
    [CommandOption("--resume <RUN>")]
    [Description("Go on with the run in this folder")]
    public string? Resume { get; init; }

    [CommandOption("--backend <NAME>")]
    [Description("What computes the steps: onnxruntime (a gradient graph of standard operators), torchsharp, or auto: the faster, timed at the start of runs of 100 steps or more; a resumed run keeps its own")]
    [DefaultValue(BackendKind.Auto)]
    public BackendKind Backend { get; init; }

    [CommandOption("--checkpoint-every <STEPS>")]
    [Description("Steps from one checkpoint to the next; 0 for one a minute")]
    [DefaultValue(0)]
    [AtLeast(0)]
    public int CheckpointEvery { get; init; }

    /// <summary>Where and with what the run computes.</summary>
    /// <param name="verb">Names the folder when none is given: <c>runs/verb-time</c>.</param>
    /// <param name="progress">Where progress goes.</param>
    public JobOptions ResolveJob(string verb, IProgressReporter progress)
    {
        if (Resume is not null && Output is not null)
        {
            throw new UsageException("--resume names the run folder itself: leave --output out.");
        }

        var job = new JobOptions
        {
            Output = Resume ?? Output ?? Path.Combine("runs", $"{verb}-{DateTime.Now:yyyyMMdd-HHmmss}"),
            Resume = Resume is not null,
            Device = Device,
            Backend = Backend,
            Threads = Threads ?? 0,
            CheckpointEvery = CheckpointEvery,
            Progress = progress,
        };
        return Workers is > 0 and var workers ? job with { Workers = workers } : job;
    }
}
