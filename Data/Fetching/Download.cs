using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using OneFractal.Common;

namespace OneFractal.Data.Fetching;

/// <summary>A download that continues where an earlier one was cut off. The file has its name only once its checksum is right.</summary>
internal sealed class Download(HttpClient client, RemoteFile file, string path, IProgressReporter progress)
{
    private const int Tries = 4;
    private readonly string _partial = path + ".download";

    /// <exception cref="DataException">It cannot be downloaded, or its checksum is wrong.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            await FetchAsync(cancellation).ConfigureAwait(false);
            await CheckAsync(cancellation).ConfigureAwait(false);
            File.Move(_partial, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"Cannot write '{path}': {e.Message.TrimEnd('.')}. Choose another place with --output, or free it.", e);
        }
    }

    private async Task FetchAsync(CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await ContinueAsync(cancellation).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (IsNetworkFailure(e, cancellation) && attempt < Tries)
            {
                progress.Message($"{file.Url}: {Reason(e)}; trying again.");
                await Task.Delay(TimeSpan.FromMilliseconds(100 << attempt), cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (IsNetworkFailure(e, cancellation))
            {
                throw new DataException($"Cannot download {file.Url}: {Reason(e)}. Check the network and run the same command again; it continues where it stopped.", e);
            }
        }
    }

    private async Task ContinueAsync(CancellationToken cancellation)
    {
        var have = File.Exists(_partial) ? new FileInfo(_partial).Length : 0;
        using var request = new HttpRequestMessage(HttpMethod.Get, file.Url);
        request.Headers.Range = have > 0 ? new RangeHeaderValue(have, null) : null;
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            // There is nothing beyond what we have: it is whole, or it is something else, which the checksum tells.
            return;
        }

        response.EnsureSuccessStatusCode();
        var continues = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == have;
        have = continues ? have : 0;
        var total = have + (response.Content.Headers.ContentLength ?? 0);
        using var task = progress.Start($"Fetching {file.Name}", total);
        using var source = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        using var target = new FileStream(_partial, continues ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        var buffer = new byte[1 << 16];
        while (true)
        {
            var read = await source.ReadAsync(buffer, cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            target.Write(buffer, 0, read);
            have += read;
            task.Report(have, FormattableString.Invariant($"{have / 1e6:0.0} MB"));
        }
    }

    private async Task CheckAsync(CancellationToken cancellation)
    {
        string actual;
        using (var stream = File.OpenRead(_partial))
        {
            actual = Convert.ToHexStringLower(await MD5.HashDataAsync(stream, cancellation).ConfigureAwait(false));
        }

        if (actual != file.Md5)
        {
            File.Delete(_partial);
            throw new DataException($"What {file.Url} sent has checksum {actual}, not {file.Md5}: it was damaged or has changed; nothing was kept. Run the command again.");
        }
    }

    private static bool IsNetworkFailure(Exception e, CancellationToken cancellation) =>
        e is HttpRequestException or HttpIOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested);

    private static string Reason(Exception e) => e is OperationCanceledException ? "no answer in time" : e.Message.ReplaceLineEndings(" ").TrimEnd('.');
}
