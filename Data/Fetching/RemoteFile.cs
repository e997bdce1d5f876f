namespace OneFractal.Data.Fetching;

/// <summary>A file to fetch.</summary>
/// <param name="Url">Where it is.</param>
/// <param name="Md5">Its MD5, as its publishers give it: it guards against damage, not against malice.</param>
/// <param name="ArchiveFolder">The folder that a .tar.gz archive holds; null for a file that is used as it is.</param>
internal sealed record RemoteFile(Uri Url, string Md5, string? ArchiveFolder = null)
{
    /// <summary>The name it is kept under.</summary>
    public string Name => Path.GetFileName(Url.LocalPath);
}
