using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;

namespace OneFractal.Evaluation;

/// <summary>
/// The packages <c>onnxruntime-node</c> and <c>onnxruntime-web</c>: in a folder that the user names, or in the one that <see cref="Install"/> makes.
/// </summary>
public sealed class NodePackages
{
    /// <summary>What to do where there are none.</summary>
    public const string HowToGet = "install them with --install (needs node and npm), or name a folder that has them with --node-packages";

    internal const string NodePackage = "onnxruntime-node", WebPackage = "onnxruntime-web";

    private NodePackages(string folder) => Folder = folder;

    /// <summary>The folder whose <c>node_modules</c> has the packages.</summary>
    public string Folder { get; }

    /// <summary>Where <see cref="Install"/> puts the packages when no folder is named; another one for other versions of them.</summary>
    public static string DefaultFolder
    {
        get
        {
            var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named ? named
                : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(cache, "onefractal", $"node-{Versions}");
        }
    }

    /// <summary>Short name of the versions that <see cref="Install"/> installs.</summary>
    internal static string Versions { get; } = Convert.ToHexStringLower(SHA256.HashData(Resource(Npm.LockFile)))[..12];

    /// <summary>The packages of <paramref name="folder"/>, or of <see cref="DefaultFolder"/>; null where there are none.</summary>
    /// <exception cref="UsageException">A folder is named and has none of the packages.</exception>
    public static NodePackages? Find(string? folder = null)
    {
        var packages = new NodePackages(Path.GetFullPath(folder ?? DefaultFolder));
        return packages.Version(NodePackage) is not null || packages.Version(WebPackage) is not null ? packages
            : folder is null ? null
            : throw new UsageException($"'{folder}' has neither node_modules/{NodePackage} nor node_modules/{WebPackage}: run 'npm install {NodePackage} {WebPackage}' in it.");
    }

    /// <summary>Installs the packages with npm, unless they are there already.</summary>
    /// <param name="folder">Where; null for <see cref="DefaultFolder"/>.</param>
    /// <exception cref="OneFractalException">npm is not there, or fails.</exception>
    public static NodePackages Install(string? folder = null)
    {
        folder = Path.GetFullPath(folder ?? DefaultFolder);
        var packages = new NodePackages(folder);
        if (packages.Version(NodePackage) is not null && packages.Version(WebPackage) is not null)
        {
            return packages;
        }

        if (Path.Exists(folder))
        {
            throw new UsageException($"'{folder}' exists and has not both packages: run 'npm install {NodePackage} {WebPackage}' in it, or name a new folder.");
        }

        Npm.Install(folder, Resource);
        return packages;
    }

    /// <summary>The version of a package, or null where it is not there.</summary>
    internal string? Version(string package)
    {
        try
        {
            using var manifest = JsonDocument.Parse(File.ReadAllBytes(PathOf(package, Npm.Manifest)));
            return manifest.RootElement.GetProperty("version").GetString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A file or folder of a package.</summary>
    internal string PathOf(string package, params ReadOnlySpan<string> parts) => Path.Combine([Folder, "node_modules", package, .. parts]);

    /// <summary>A file of this folder that is built into the library.</summary>
    internal static byte[] Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"javascript.{name}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
