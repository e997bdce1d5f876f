using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using OneFractal.Common;
using OneFractal.Data;
using OneFractal.Data.Fetching;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class DatasetFetcherTests
{
    private static readonly byte[] Good = Archive(("set/a.bin", "hello"u8.ToArray()), ("set/b/c.txt", "world"u8.ToArray()));

    [TestMethod]
    public async Task An_archive_is_fetched_checked_and_unpacked_once()
    {
        using var folder = new TempFolder();
        using var server = new LoopbackServer(Good);
        Assert.AreEqual(folder["data", "set"], await Fetch(server, folder, Good));
        Assert.AreEqual("hello", File.ReadAllText(folder["data", "set", "a.bin"]));
        Assert.AreEqual("world", File.ReadAllText(folder["data", "set", "b", "c.txt"]));
        CollectionAssert.AreEqual(new[] { folder["data", "set"] }, Directory.GetFileSystemEntries(folder["data"]));
        await Fetch(server, folder, Good);
        Assert.HasCount(1, server.Starts);
    }

    [TestMethod]
    public async Task A_connection_that_breaks_off_is_continued()
    {
        using var folder = new TempFolder();
        using var server = new LoopbackServer(Good, breakAfter: 100);
        await Fetch(server, folder, Good);
        Assert.AreEqual("hello", File.ReadAllText(folder["data", "set", "a.bin"]));
        Assert.HasCount(2, server.Starts);
        Assert.AreEqual(0, server.Starts[0]);
    }

    [TestMethod]
    public async Task An_earlier_download_is_continued()
    {
        using var folder = new TempFolder();
        using var server = new LoopbackServer(Good);
        Directory.CreateDirectory(folder["data"]);
        File.WriteAllBytes(folder["data", "set.tar.gz.download"], Good[..50]);
        await Fetch(server, folder, Good);
        CollectionAssert.AreEqual(new[] { 50L }, server.Starts);
        Assert.AreEqual("world", File.ReadAllText(folder["data", "set", "b", "c.txt"]));
    }

    [TestMethod]
    public async Task A_wrong_checksum_keeps_nothing()
    {
        using var folder = new TempFolder();
        using var server = new LoopbackServer(Good);
        var error = await Assert.ThrowsExactlyAsync<DataException>(() => Fetch(server, folder, [1, 2, 3]));
        StringAssert.Contains(error.Message, "checksum");
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder["data"]));
    }

    [TestMethod]
    public async Task Archives_that_reach_outside_are_refused()
    {
        foreach (var (name, evil) in new[]
        {
            ("../evil.txt", Archive(("set/a.bin", [1]), ("../evil.txt", [2]))),
            ("set/link", Archive(("set/a.bin", [1]), ("set/link", null))),
        })
        {
            using var folder = new TempFolder();
            using var server = new LoopbackServer(evil);
            var error = await Assert.ThrowsExactlyAsync<DataException>(() => Fetch(server, folder, evil));
            StringAssert.Contains(error.Message, name);
            Assert.IsFalse(Directory.Exists(folder["data", "set"]));
            Assert.IsEmpty(Directory.GetFiles(folder.Path, "evil*", SearchOption.AllDirectories));
        }
    }

    [TestMethod]
    public async Task A_server_that_is_not_there_is_one_clear_line()
    {
        using var folder = new TempFolder();
        var server = new LoopbackServer(Good);
        server.Dispose();
        var error = await Assert.ThrowsExactlyAsync<DataException>(() => Fetch(server, folder, Good));
        StringAssert.Contains(error.Message, "Cannot download http://127.0.0.1");
        Assert.AreEqual(1, error.Message.Split('\n').Length);
    }

    [TestMethod]
    public async Task Unknown_names_are_refused_with_the_known_ones()
    {
        var error = await Assert.ThrowsExactlyAsync<UsageException>(() => DatasetFetcher.FetchAsync("cifar11", "/nowhere"));
        StringAssert.Contains(error.Message, "cifar100");
    }

    private static async Task<string> Fetch(LoopbackServer server, TempFolder folder, byte[] expected)
    {
        using var client = new HttpClient();
        var file = new RemoteFile(new Uri(server.Prefix + "set.tar.gz"), Convert.ToHexStringLower(MD5.HashData(expected)), "set");
        return await DatasetFetcher.FetchAsync(client, [file], folder["data"], NullProgress.Instance, CancellationToken.None);
    }

    private static byte[] Archive(params (string Name, byte[]? Content)[] entries)
    {
        using var file = new MemoryStream();
        using (var zipped = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(zipped))
        {
            foreach (var (name, content) in entries)
            {
                tar.WriteEntry(content is null
                    ? new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = "/etc/passwd" }
                    : new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }
        }

        return file.ToArray();
    }
}
