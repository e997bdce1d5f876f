using System.Diagnostics;
using System.Security.Cryptography;
using OneFractal.Common;
using OneFractal.Evaluation;
using OneFractal.Tests.Cli;

namespace OneFractal.Tests.JavaScript;

/// <summary>Runs the scripts of this folder with Node.js and the packages that <see cref="NodePackages"/> installs into artifacts/ once.</summary>
internal static class NodeJs
{
    private static readonly string Sources = Path.Combine(Repository.Root, "tests", "JavaScript");
    private static readonly Lazy<(NodePackages? Packages, string? Problem)> Installed = new(Install);

    /// <summary>The packages. Where they cannot be had, the test is inconclusive.</summary>
    public static NodePackages Packages
    {
        get
        {
            if (Installed.Value.Packages is not { } packages)
            {
                Assert.Inconclusive($"{Installed.Value.Problem}");
                throw new UnreachableException();
            }

            return packages;
        }
    }

    /// <summary>Runs a script to its end. Where Node.js or the packages cannot be had, the test is inconclusive.</summary>
    public static CliResult Run(string script, params string[] args)
    {
        // A script finds the packages in a folder above it.
        var folder = Packages.Folder;
        var source = Path.Combine(Sources, script);
        var copy = Path.Combine(folder, $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(source)))[..12]}-{script}");
        AtomicFile.Copy(source, copy);
        return CliRunner.Finish(Start(folder, [copy, .. args]));
    }

    /// <summary>Starts Node.js in a folder.</summary>
    public static Process Start(string folder, params string[] args)
    {
        return Process.Start(new ProcessStartInfo("node", args) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
    }

    private static (NodePackages? Packages, string? Problem) Install()
    {
        try
        {
            return (NodePackages.Install(Path.Combine(Repository.Root, "artifacts", "node", NodePackages.Versions)), null);
        }
        catch (OneFractalException e)
        {
            return (null, e.Message);
        }
    }
}
