using CsvHelper;
using OneFractal.Evaluation;

namespace OneFractal.Tests.Evaluation;

[TestClass]
public sealed class ResultsFileTests
{
    [TestMethod]
    public void FileCutAnywhere_KeepsItsWholeRows_AndTakesNewOnes()
    {
        using var folder = new TempFolder();
        var path = folder["results.csv"];
        var file = new ResultsFile(path);
        ResultRow[] rows = [Row("a"), Row("b") with { Shots = 5, LearningRate = 1e-3, Backbone = "with, comma and \"quotes\"" }, Row("c")];
        foreach (var row in rows)
        {
            file.Append(row);
        }

        CollectionAssert.AreEqual(rows, file.Read().ToArray());
        var whole = File.ReadAllBytes(path);
        for (var length = 0; length <= whole.Length; length += length < whole.Length - 1 ? 3 : 1)
        {
            File.WriteAllBytes(path, whole[..length]);
            // The first line is the header.
            var left = rows.Take(Math.Max(0, whole[..length].Count(b => b == '\n') - 1)).ToArray();
            CollectionAssert.AreEqual(left, file.Read().ToArray(), $"cut to {length} bytes");
            file.Append(Row("new"));
            CollectionAssert.AreEqual((ResultRow[])[.. left, Row("new")], file.Read().ToArray(), $"cut to {length} bytes");
        }
    }

    [TestMethod]
    public void Key_IsWrittenOnce()
    {
        using var folder = new TempFolder();
        var file = new ResultsFile(folder["results.csv"]);
        file.Append(Row("a"));
        file.Append(Row("a") with { Top1 = 0.1 });
        Assert.AreEqual(0.5, file.Read().Single().Top1);
    }

    [TestMethod]
    public void RowsOfManyWriters_AllArrive()
    {
        using var folder = new TempFolder();
        const int Writers = 4, Rows = 15;
        Parallel.For(0, Writers, new ParallelOptions { MaxDegreeOfParallelism = Writers }, writer =>
        {
            for (var i = 0; i < Rows; i++)
            {
                new ResultsFile(folder["results.csv"]).Append(Row($"{writer}-{i}"));
            }
        });
        Assert.HasCount(Writers * Rows, new ResultsFile(folder["results.csv"]).Read().Select(r => r.Key).Distinct());
    }

    [TestMethod]
    public void FileOfSomethingElse_IsRefused_AndLeftAlone()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["results.csv"], "a,b\n1,2\n");
        var file = new ResultsFile(folder["results.csv"]);
        StringAssert.Contains(Assert.ThrowsExactly<OneFractalException>(() => file.Append(Row("a"))).Message, "results.csv");
        Assert.AreEqual("a,b\n1,2\n", File.ReadAllText(folder["results.csv"]));
    }

    [TestMethod]
    public void Columns_AreReadableByAnyCsvReader()
    {
        using var folder = new TempFolder();
        new ResultsFile(folder["results.csv"]).Append(Row("a") with { Backbone = "x,y" });
        using var reader = CsvReader.FromFile(folder["results.csv"]);
        Assert.IsTrue(reader.Read());
        Assert.AreEqual("x,y", reader.GetString("backbone"));
        Assert.AreEqual("0.5", reader.GetString("top1"));
        Assert.AreEqual("", reader.GetString("shots"));
    }

    private static ResultRow Row(string key) => new()
    {
        Key = key, Backbone = "b", Role = "candidate", Data = "d", Protocol = "probe", Top1 = 0.5, Machine = "m", Finished = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
    };
}
