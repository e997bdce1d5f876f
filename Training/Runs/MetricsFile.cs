using CsvHelper;

namespace OneFractal.Training;

/// <summary><c>metrics.csv</c>: the rows so far, written whole at each new one.</summary>
internal sealed class MetricsFile
{
    private readonly string _path;
    private readonly List<MetricsRow> _rows = [];

    /// <summary>Goes on with a file's rows up to <paramref name="step"/>; later ones are of steps that will be done again.</summary>
    public MetricsFile(string path, long step)
    {
        _path = path;
        if (step > 0 && File.Exists(path))
        {
            _rows.AddRange(Read(path).Where(r => r.Step <= step));
        }
    }

    /// <summary>The rows of a file.</summary>
    public static IReadOnlyList<MetricsRow> Read(string path)
    {
        using var reader = CsvReader.FromFile(path);
        return [.. reader.GetRecords<MetricsRow>()];
    }

    public IReadOnlyList<MetricsRow> Rows => _rows;

    public void Add(MetricsRow row)
    {
        _rows.Add(row);
        Write();
    }

    /// <summary>Completes the last row.</summary>
    public void ReplaceLast(MetricsRow row)
    {
        _rows[^1] = row;
        Write();
    }

    private void Write()
    {
        AtomicFile.Write(_path, stream =>
        {
            using var writer = CsvWriter.Create(stream, leaveOpen: true);
            writer.WriteRecords(_rows);
        });
    }
}
