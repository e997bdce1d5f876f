using System.ComponentModel;
using System.Diagnostics;

namespace OneFractal.Evaluation;

/// <summary>onnxruntime-node.</summary>
internal sealed class NodeRuntime(RuntimeHost host) : IModelRuntime
{
    private const string Script = "node.mjs", JobScript = "run-job.mjs";

    public string Name { get; } = $"{NodePackages.NodePackage} {host.Packages?.Version(NodePackages.NodePackage)}".TrimEnd();

    public IReadOnlyList<RuntimeTensor> Run(RuntimeJob job, CancellationToken cancellation)
    {
        var packages = host.Require(NodePackages.NodePackage);
        foreach (var file in (string[])[Script, JobScript])
        {
            File.WriteAllBytes(Path.Combine(host.Folder, file), NodePackages.Resource(file));
        }

        var folder = host.WriteJob(job);
        ProcessResult result;
        try
        {
            result = ChildProcess.Run(
                new ProcessStartInfo("node", [Path.Combine(host.Folder, Script), packages.Folder, folder.Path]), RuntimeHost.Limit(job), cancellation);
        }
        catch (Win32Exception e)
        {
            throw new RuntimeUnavailableException("not here: there is no node: install Node.js", e);
        }

        return folder.HasResult ? folder.ReadResults() : throw new ModelException(result.Explain());
    }
}
