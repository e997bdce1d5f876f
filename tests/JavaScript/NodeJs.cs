using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using OneFractal.Common;
using OneFractal.Tests.Cli;

namespace OneFractal.Tests.JavaScript;

/// <summary>Runs the scripts of this folder with Node.js and the packages of its package-lock.json, which npm installs into artifacts/ once.</summary>
internal static class NodeJs
{
    private static readonly string Sources = Path.Combine(Repository.Root, "tests", "JavaScript");
    private static readonly Lazy<(string Folder, string? Problem)> Packages = new(Install);

    /// <summary>Runs a script to its end. Where Node.js or the packages cannot be had, the test is inconclusive.</summary>
    public static CliResult Run(string script, params string[] args)
    {
        var (folder, problem) = Packages.Value;
        if (problem is not null)
        {
            Assert.Inconclusive($"onnxruntime-node cannot be used: {problem}");
        }

        // A script finds the packages in a folder above it.
        var source = Path.Combine(Sources, script);
        var copy = Path.Combine(folder, $"{Hash(source)}-{script}");
        AtomicFile.Copy(source, copy);
        return CliRunner.Finish(Start("node", folder, [copy, .. args]));
    }

    private static (string Folder, string? Problem) Install()
    {
        var folder = Path.Combine(Repository.Root, "artifacts", "node", Hash(Path.Combine(Sources, "package-lock.json")));
        if (Directory.Exists(folder))
        {
            return (folder, null);
        }

        // Moved to its place when complete: what is there is whole.
        var temporary = $"{folder}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(temporary);
            foreach (var file in new[] { "package.json", "package-lock.json" })
            {
                File.Copy(Path.Combine(Sources, file), Path.Combine(temporary, file));
            }

            // The package's own script would only fetch CUDA's libraries.
            using var npm = Start("npm", temporary, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=60000");
            var (output, error) = (npm.StandardOutput.ReadToEndAsync(), npm.StandardError.ReadToEndAsync());
            if (!npm.WaitForExit(TimeSpan.FromMinutes(4)))
            {
                npm.Kill(entireProcessTree: true);
                return (folder, "npm did not end within 4 minutes.");
            }

            if (npm.ExitCode != 0)
            {
                return (folder, $"npm failed ({(error.Result + output.Result).Trim().Split('\n')[0]}).");
            }

            Directory.Move(temporary, folder);
            return (folder, null);
        }
        catch (Win32Exception)
        {
            return (folder, "there is no npm here. Install nodejs and npm.");
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            return (folder, null);
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }

    private static Process Start(string program, string folder, params string[] args)
    {
        return Process.Start(new ProcessStartInfo(program, args) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
    }

    private static string Hash(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))[..12];
}
