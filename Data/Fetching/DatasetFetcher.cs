using OneFractal.Common;

namespace OneFractal.Data.Fetching;

/// <summary>Downloads data sets.</summary>
public static class DatasetFetcher
{
    /// <summary>What <see cref="FetchAsync"/> knows by name.</summary>
    public static IReadOnlyList<string> Names => [.. KnownDatasets.Names];

    /// <summary>
    /// Downloads data set <paramref name="name"/> below <paramref name="folder"/>, checks it and unpacks it. What is there already is not
    /// fetched again; a download that was cut off is continued.
    /// </summary>
    /// <returns>The folder to give to <see cref="Datasets.Open"/>.</returns>
    /// <exception cref="UsageException">The data set is not known.</exception>
    /// <exception cref="DataException">It cannot be downloaded, its checksum is wrong, or the archive is not safe to unpack.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the next call continues.</exception>
    public static async Task<string> FetchAsync(
        string name, string folder, IProgressReporter? progress = null, CancellationToken cancellation = default)
    {
        var files = KnownDatasets.Find(name);
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(1) };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("OneFractal");
        return await FetchAsync(client, files, Path.Combine(folder, name.ToLowerInvariant()), progress ?? NullProgress.Instance, cancellation).ConfigureAwait(false);
    }

    internal static async Task<string> FetchAsync(
        HttpClient client, IReadOnlyList<RemoteFile> files, string folder, IProgressReporter progress, CancellationToken cancellation)
    {
        var result = folder;
        foreach (var file in files)
        {
            var unpacked = file.ArchiveFolder is { } inside ? Path.Combine(folder, inside) : null;
            result = unpacked ?? folder;
            if (Directory.Exists(unpacked))
            {
                progress.Message($"{unpacked} is there already.");
                continue;
            }

            var path = Path.Combine(folder, file.Name);
            if (!File.Exists(path))
            {
                await new Download(client, file, path, progress).RunAsync(cancellation).ConfigureAwait(false);
            }

            if (unpacked is not null)
            {
                SafeArchive.Unpack(path, file.ArchiveFolder!, folder);
                File.Delete(path);
            }
        }

        return result;
    }
}
