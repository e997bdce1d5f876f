using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>
/// <c>results.csv</c>, to which any number of processes append. A row is written in one piece, to disk, while the file is locked; what a process that was
/// killed left of one is cut off before the next is written.
/// </summary>
internal sealed class ResultsFile
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30), Pause = TimeSpan.FromMilliseconds(20);
    private static readonly CsvWriterOptions NoHeader = CsvWriterOptions.For<ResultRow>() with { HasHeader = false };
    private readonly string _path;

    /// <summary>The file, which need not be there yet.</summary>
    public ResultsFile(string path)
    {
        _path = path;
    }

    /// <summary>The rows that are complete.</summary>
    /// <exception cref="OneFractalException">The file cannot be read, or is of something else.</exception>
    public IReadOnlyList<ResultRow> Read()
    {
        if (!File.Exists(_path))
        {
            return [];
        }

        using var file = Open(FileAccess.Read);
        return Parse(Complete(ReadAll(file)));
    }

    /// <summary>Adds a row, unless there is one of its key already.</summary>
    /// <exception cref="OneFractalException">The file cannot be written, or is of something else.</exception>
    public void Append(ResultRow row)
    {
        using var file = Open(FileAccess.ReadWrite);
        var complete = Complete(ReadAll(file));
        if (Parse(complete).Any(r => r.Key == row.Key))
        {
            return;
        }

        using var text = new MemoryStream();
        using (var writer = CsvWriter.Create(text, complete.Length == 0 ? CsvWriterOptions.For<ResultRow>() : NoHeader, leaveOpen: true))
        {
            writer.WriteRecords([row]);
        }

        file.SetLength(complete.Length);
        file.Seek(0, SeekOrigin.End);
        file.Write(text.ToArray());
        file.Flush(flushToDisk: true);
    }

    /// <summary>The bytes up to the last line break; a torn header is nothing at all. No field has a line break of its own.</summary>
    private static byte[] Complete(byte[] bytes) => bytes[..(Array.LastIndexOf(bytes, (byte)'\n') + 1)];

    private static byte[] ReadAll(FileStream file)
    {
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private IReadOnlyList<ResultRow> Parse(byte[] bytes)
    {
        if (bytes.Length == 0)
        {
            return [];
        }

        try
        {
            using var reader = CsvReader.Create(bytes, CsvReaderOptions.For<ResultRow>());
            return [.. reader.GetRecords<ResultRow>()];
        }
        catch (Exception e) when (e is CsvFormatException or FormatException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            var reason = e.Message.ReplaceLineEndings(" ").TrimEnd('.');
            throw new OneFractalException($"'{_path}' does not hold results of this version ({reason}): choose another folder with --output.", e);
        }
    }

    private FileStream Open(FileAccess access)
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
                return new FileStream(_path, access == FileAccess.Read ? FileMode.Open : FileMode.OpenOrCreate, access, FileShare.None);
            }
            catch (IOException) when (System.Diagnostics.Stopwatch.GetElapsedTime(start) < LongestWait && File.Exists(_path))
            {
                // Another process writes a row.
                Thread.Sleep(Pause);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new OneFractalException($"Cannot open '{_path}': {e.Message.TrimEnd('.')}.", e);
            }
        }
    }
}
