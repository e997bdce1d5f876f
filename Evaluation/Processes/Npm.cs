using System.ComponentModel;
using System.Diagnostics;

namespace OneFractal.Evaluation;

/// <summary>Installs packages of Node.js with npm.</summary>
internal static class Npm
{
    /// <summary>What packages are asked for.</summary>
    public const string Manifest = "package.json";

    /// <summary>Their versions and hashes.</summary>
    public const string LockFile = "package-lock.json";

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(4);

    /// <summary>Installs what a lock file names into a folder that is not there yet; it comes to its place when it is complete.</summary>
    /// <param name="folder">The folder to make.</param>
    /// <param name="read">Gives <see cref="Manifest"/> and <see cref="LockFile"/>.</param>
    /// <exception cref="OneFractalException">npm is not there, or fails.</exception>
    public static void Install(string folder, Func<string, byte[]> read)
    {
        try
        {
            AtomicFolder.Beside(folder, temporary =>
            {
                foreach (var file in (string[])[Manifest, LockFile])
                {
                    File.WriteAllBytes(Path.Combine(temporary, file), read(file));
                }

                // The packages' own scripts would only fetch CUDA's libraries.
                var npm = ChildProcess.Run(
                    new ProcessStartInfo("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=60000"]) { WorkingDirectory = temporary },
                    Longest);
                if (npm.ExitCode != 0)
                {
                    throw new OneFractalException($"npm could not install the packages of Node.js: {npm.Explain()}.");
                }

                Directory.Move(temporary, folder);
            });
        }
        catch (Win32Exception e)
        {
            throw new OneFractalException("There is no npm here, which installs the packages of Node.js: install Node.js and npm.", e);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            // Another process was faster.
        }
    }
}
