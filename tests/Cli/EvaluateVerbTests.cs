using CsvHelper;
using OneFractal.Tests.Training;

namespace OneFractal.Tests.Cli;

/// <summary><c>evaluate</c> as a process: killed, stopped, resumed.</summary>
[TestClass]
[DoNotParallelize]
public sealed class EvaluateVerbTests
{
    private static readonly string[] Options =
        ["--backbone", "scratch:vit-nano", "--labelled", "20", "--batch-size", "8", "--lr-choices", "0.0005,0.001", "--shots", "2", "--seeds", "2", "--threads", "1", "--backend", "torchsharp"];

    [TestMethod]
    public void KilledAgainAndAgain_EndsWithTheResultsOfOneThatWasLeftAlone()
    {
        using var folder = new TempFolder();
        FinetuningTests.WriteClasses(folder["photos"], count: 20);
        string[] evaluate = ["evaluate", .. Options, "--steps", "60", "--data", folder["photos"]];
        var whole = CliRunner.Run([.. evaluate, "-o", folder["whole"], "--markdown"]);
        Assert.AreEqual(0, whole.ExitCode, whole.Error);
        Assert.StartsWith("| data ", whole.Output);

        var random = new RandomStream(6);
        var seen = new Dictionary<string, string>();
        for (var kill = 0; kill < 5; kill++)
        {
            using var process = CliRunner.Start([.. evaluate, "-o", folder["killed"], "--checkpoint-every", "5"]);
            AwaitProgress(process, folder["killed"]);
            Thread.Sleep((int)random.Uniform(0, 250));
            process.Kill();
            process.WaitForExit();
            foreach (var (key, finished) in Finished(folder["killed", "results.csv"]))
            {
                Assert.AreEqual(finished, seen.GetValueOrDefault(key, finished), "What had ended was not done again.");
                seen[key] = finished;
            }
        }

        var last = CliRunner.Run("evaluate", "--resume", folder["killed"], "--threads", "1", "--backend", "torchsharp");
        Assert.AreEqual(0, last.ExitCode, last.Error);
        StringAssert.Contains(last.Output, "report.html");
        var ended = Finished(folder["killed", "results.csv"]);
        Assert.HasCount(2 * 4, ended);
        Assert.IsTrue(seen.All(s => ended[s.Key] == s.Value), "Nothing is lost.");
        CollectionAssert.AreEqual(Figures(folder["whole", "results.csv"]), Figures(folder["killed", "results.csv"]));
    }

    [TestMethod]
    public void CtrlC_StopsWithALine_AndTheSameCommandGoesOn()
    {
        using var folder = new TempFolder();
        FinetuningTests.WriteClasses(folder["photos"], count: 20);
        string[] evaluate = ["evaluate", .. Options, "--steps", "400", "--protocol", "finetune,knn", "--data", folder["photos"], "-o", folder["out"]];
        var process = CliRunner.Start(evaluate);
        AwaitProgress(process, folder["out"]);
        CliRunner.Signal(process, "INT");
        var stopped = CliRunner.Finish(process);
        Assert.AreEqual(130, stopped.ExitCode, stopped.Error);
        StringAssert.Contains(stopped.Error, $"evaluate --resume {folder["out"]}");
        Assert.DoesNotContain("--resume " + folder["out", "trainings"], stopped.Error, "A part does not go on by itself.");
        Assert.IsFalse(File.Exists(folder["out", "report.html"]));
    }

    [TestMethod]
    public void WrongUsage_IsOneLine()
    {
        using var folder = new TempFolder();
        StringAssert.Contains(CliRunner.Fails(2, "evaluate", "--data", "fashion-mnist", "-o", folder["x"]), "--backbone");
        StringAssert.Contains(CliRunner.Fails(2, "evaluate", "--backbone", "scratch:vit-nano", "-o", folder["x"]), "--data");
        StringAssert.Contains(CliRunner.Fails(2, "evaluate", "--backbone", "scratch:vit-nano", "--data", "x", "--protocol", "magic", "-o", folder["x"]), "fewshot");
        StringAssert.Contains(CliRunner.Fails(2, "evaluate", "--backbone", "scratch:vit-nano", "--data", "x", "--shots", "1.5", "-o", folder["x"]), "whole number");
        Assert.IsFalse(Directory.Exists(folder["x"]));
    }

    /// <summary>Waits until something new is below a folder of results, or the process ended.</summary>
    private static void AwaitProgress(System.Diagnostics.Process process, string folder)
    {
        int Files() => Directory.Exists(folder) ? Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Count(f => f.EndsWith("state.safetensors", StringComparison.Ordinal) || f.EndsWith("metrics.csv", StringComparison.Ordinal) || f.EndsWith(".json", StringComparison.Ordinal)) : 0;
        var before = Files();
        while (!process.HasExited && Files() == before)
        {
            Thread.Sleep(5);
        }
    }

    private static Dictionary<string, string> Finished(string path) => Read(path).ToDictionary(r => r["key"], r => r["finished"]);

    /// <summary>What does not depend on the clock.</summary>
    private static string[] Figures(string path)
    {
        return [.. Read(path).Select(r => string.Join(' ', r.Where(c => c.Key is not ("training_seconds" or "images_per_second" or "finished")).Select(c => c.Value)))];
    }

    private static List<Dictionary<string, string>> Read(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        // A process that is killed may leave a torn last line.
        var text = File.ReadAllText(path);
        using var reader = CsvReader.FromText(text[..(text.LastIndexOf('\n') + 1)]);
        var rows = new List<Dictionary<string, string>>();
        while (reader.Read())
        {
            rows.Add(reader.Headers.ToDictionary(h => h, h => reader.GetString(h)));
        }

        return rows;
    }
}
