using System.Security.Cryptography;
using OneFractal.Common;
using OneFractal.Evaluation;
using OneFractal.Tests.Cli;

namespace OneFractal.Tests.JavaScript;

/// <summary>Runs the scripts of <c>Transformers/</c> with Transformers.js, which npm installs into artifacts/ once.</summary>
internal static class TransformersJs
{
    private static readonly string Sources = Path.Combine(Repository.Root, "tests", "JavaScript", "Transformers");

    /// <summary>Runs a script. Where Node.js or the package cannot be had, the test is inconclusive.</summary>
    public static CliResult Run(string script, params string[] args)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Sources, Npm.LockFile))))[..12];
        var folder = Path.Combine(Repository.Root, "artifacts", "node", $"transformers-{hash}");
        if (!Directory.Exists(folder))
        {
            try
            {
                Npm.Install(folder, file => File.ReadAllBytes(Path.Combine(Sources, file)));
            }
            catch (OneFractalException e)
            {
                Assert.Inconclusive($"Transformers.js cannot be used: {e.Message}");
            }
        }

        // A script finds the packages in its own folder.
        AtomicFile.Copy(Path.Combine(Sources, script), Path.Combine(folder, script));
        return CliRunner.Finish(NodeJs.Start(folder, [script, .. args]));
    }
}
