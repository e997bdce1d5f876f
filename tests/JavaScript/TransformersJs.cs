using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using OneFractal.Common;
using OneFractal.Evaluation;
using OneFractal.Tests.Cli;

namespace OneFractal.Tests.JavaScript;

/// <summary>Runs the script of <c>Transformers/</c> with Transformers.js, which npm installs into artifacts/ once.</summary>
internal static class TransformersJs
{
    private const string Script = "classify.mjs";
    private static readonly string Sources = Path.Combine(Repository.Root, "tests", "JavaScript", "Transformers");
    private static readonly TimeSpan LongestInstall = TimeSpan.FromMinutes(4);

    /// <summary>Runs the script. Where Node.js or the package cannot be had, the test is inconclusive.</summary>
    public static CliResult Run(params string[] args)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Sources, "package-lock.json"))))[..12];
        var folder = Path.Combine(Repository.Root, "artifacts", "node", $"transformers-{hash}");
        if (!Directory.Exists(folder) && Install(folder) is { } problem)
        {
            Assert.Inconclusive($"Transformers.js cannot be used: {problem}");
        }

        // A script finds the packages in its own folder.
        AtomicFile.Copy(Path.Combine(Sources, Script), Path.Combine(folder, Script));
        var start = new ProcessStartInfo("node", [Script, .. args]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        return CliRunner.Finish(Process.Start(start)!);
    }

    private static string? Install(string folder)
    {
        // Moved to its place when complete: what is there is whole.
        var temporary = $"{folder}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(temporary);
            foreach (var file in new[] { "package.json", "package-lock.json" })
            {
                File.Copy(Path.Combine(Sources, file), Path.Combine(temporary, file));
            }

            // The packages' own scripts would only fetch CUDA's libraries.
            var npm = ChildProcess.Run(
                new ProcessStartInfo("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=60000"]) { WorkingDirectory = temporary },
                LongestInstall);
            if (npm.ExitCode != 0)
            {
                return npm.ExitCode is null ? $"npm did not end within {LongestInstall}." : $"npm failed ({(npm.Error + npm.Output).Trim().Split('\n')[0]}).";
            }

            Directory.Move(temporary, folder);
            return null;
        }
        catch (Win32Exception)
        {
            return "there is no npm here. Install nodejs and npm.";
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }
}
