using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Evaluation;

namespace OneFractal.Cli.Commands;

/// <summary>Prints what works on this machine. Exit code 1 when something is broken that nothing goes without.</summary>
internal sealed class DoctorCommand : Verb<DoctorSettings>
{
    /// <inheritdoc />
    protected override int Run(DoctorSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var findings = MachineDoctor.Examine(cancellation);
        var works = findings.All(f => f.Status != FindingStatus.Failed);
        if (settings.Json)
        {
            JsonOutput.Print(new { works, findings });
        }
        else
        {
            Print(findings);
        }

        return works ? 0 : 1;
    }

    private static void Print(IReadOnlyList<Finding> findings)
    {
        Tables.Print(["", "status", "found"], [.. findings.Select(f => (string[])[f.Name, f.Status.ToString().ToLowerInvariant(), f.Detail])]);
        foreach (var finding in findings.Where(f => f.Hint is not null))
        {
            Console.WriteLine($"{finding.Name}: {finding.Hint}");
        }
    }
}
