using System.ComponentModel;
using OneFractal.Evaluation;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>sweep</c>.</summary>
internal sealed class SweepSettings : JobSettings
{
    [CommandArgument(0, "[SWEEP]")]
    [Description("A YAML file (title, about, x, base, cases, grid), or a ready-made sweep: findings-pretraining, findings-delta, findings-instances")]
    public string? Sweep { get; init; }

    [CommandOption("--set <NAME=VALUE>")]
    [Description("A setting of all cells, whatever the sweep says, such as steps=500, data=photos/ or delta=[[0.05,0.1]]; again for more")]
    public string[]? Set { get; init; }

    [CommandOption("--jobs <N>")]
    [Description("Processes at a time, which share the threads")]
    [DefaultValue(1)]
    [AtLeast(1)]
    public int Jobs { get; init; }

    [CommandOption("--dry-run")]
    [Description("Only list the cells, and estimate the time from a few steps of each network")]
    public bool DryRun { get; init; }

    [CommandOption("--part <KEY>", IsHidden = true)]
    [Description("Do one part of the sweep in --output; what --jobs starts processes with")]
    public string? Part { get; init; }

    [CommandOption("--stop-with-input", IsHidden = true)]
    [Description("Stop when standard input ends, as it does when the process that started this one is gone")]
    public bool StopWithInput { get; init; }

    /// <summary>The sweep that is named; an empty one with <c>--resume</c>.</summary>
    public SweepDefinition ToDefinition()
    {
        if (Resume is not null)
        {
            return Sweep is null && Set is null && Seed == 0
                ? new SweepDefinition()
                : throw new UsageException("--resume takes the sweep from the folder: leave its name, --set and --seed out.");
        }

        return SweepDefinition
            .Load(Sweep ?? throw new UsageException($"Name the sweep: a YAML file, or one of {string.Join(", ", SweepDefinition.Names)}."))
            .With(Set ?? []);
    }
}
