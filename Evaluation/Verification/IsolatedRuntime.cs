using System.Diagnostics;

namespace OneFractal.Evaluation;

/// <summary>A runtime of this library in a process of its own, so that a crash of its native code is one runtime's failure and not the end of all.</summary>
/// <param name="runtime">The runtime.</param>
/// <param name="kind">How the process is told which.</param>
/// <param name="host">The processes' surroundings.</param>
internal sealed class IsolatedRuntime(IModelRuntime runtime, VerificationRuntime kind, RuntimeHost host) : IModelRuntime
{
    public string Name => runtime.Name;

    public bool NeedsFixedShapes => runtime.NeedsFixedShapes;

    public IReadOnlyList<RuntimeTensor> Run(RuntimeJob job, CancellationToken cancellation)
    {
        var folder = host.WriteJob(job);
        var result = ChildProcess.Run(
            new ProcessStartInfo(host.Command![0], [.. host.Command.Skip(1), Verification.Verb, job.File, "--runtime", $"{kind}", "--job", folder.Path]),
            RuntimeHost.Limit(job),
            cancellation);
        return folder.HasResult ? folder.ReadResults() : throw new ModelException($"{result.Explain()}");
    }
}
