using System.Diagnostics;
using OneFractal.Tests.Training;

namespace OneFractal.Tests.Cli;

/// <summary><c>sweep</c> with processes of its own: killed, stopped, resumed, and with a cell that fails.</summary>
[TestClass]
[DoNotParallelize]
public sealed class SweepVerbTests
{
    [TestMethod]
    public void KilledAndStopped_GoesOnFromItsCheckpoints_AndDoesNothingTwice()
    {
        using var folder = new TempFolder();
        string[] sweep = ["sweep", Write(folder, steps: 400), "-o", folder["out"], "--jobs", "2", "--threads", "2", "--backend", "torchsharp", "--checkpoint-every", "5"];
        using (var killed = CliRunner.Start(sweep))
        {
            Await(killed, folder, "state.safetensors", 2);
            killed.Kill();
            killed.WaitForExit();
        }

        var stopped = CliRunner.Start(sweep);
        Await(stopped, folder, "report.html", 1);
        CliRunner.Signal(stopped, "INT");
        var interrupted = CliRunner.Finish(stopped);
        Assert.AreEqual(130, interrupted.ExitCode, interrupted.Error);
        StringAssert.Contains(interrupted.Error, $"sweep --resume {folder["out"]}");
        Assert.IsFalse(File.Exists(folder["out", "report.html"]));
        var ended = Times(folder);
        Assert.IsNotEmpty(ended);

        var last = CliRunner.Run("sweep", "--resume", folder["out"], "--jobs", "2", "--threads", "2", "--backend", "torchsharp");
        Assert.AreEqual(0, last.ExitCode, last.Error);
        Assert.StartsWith("| data", last.Output);
        Assert.IsTrue(File.Exists(folder["out", "report.html"]));
        Assert.HasCount(1 + 4, File.ReadAllLines(folder["out", "sweep.csv"]));
        var now = Times(folder);
        Assert.IsTrue(ended.All(e => now[e.Key] == e.Value), "What had ended was not done again.");
        var logs = string.Concat(Directory.GetFiles(folder["out", "logs"]).Select(File.ReadAllText));
        StringAssert.Contains(logs, "Going on after step");
    }

    [TestMethod]
    public void FailedCell_IsRecorded_TheOthersEnd_AndTheExitCodeSaysSo()
    {
        using var folder = new TempFolder();
        var definition = Write(folder, steps: 2);
        File.AppendAllText(definition, $"  - {{name: broken, source: image, image: {definition}}}\n");
        var result = CliRunner.Run("sweep", definition, "-o", folder["out"], "--jobs", "2", "--backend", "torchsharp");
        Assert.AreEqual(1, result.ExitCode, result.Error);
        StringAssert.Contains(result.Error.TrimEnd().Split('\n')[^1], "failures.csv");
        Assert.HasCount(1 + 4, File.ReadAllLines(folder["out", "failures.csv"]), "Two pre-trainings, and the cells that needed them.");
        StringAssert.Contains(File.ReadAllText(folder["out", "failures.csv"]), "sweep.yaml");
        Assert.HasCount(1 + 4, File.ReadAllLines(folder["out", "sweep.csv"]));
    }

    [TestMethod]
    public void DryRun_ListsTheCells_AndWritesNothing()
    {
        using var folder = new TempFolder();
        var result = CliRunner.Run("sweep", Write(folder, steps: 100), "-o", folder["out"], "--dry-run", "--set", "delta=[0.1,0.2]", "--threads", "2");
        Assert.AreEqual(0, result.ExitCode, result.Error);
        StringAssert.Contains(result.Output, "4 cells, which are 3 evaluations (3 to do) of 3 pre-trainings (3 to do).");
        Assert.MatchesRegex("About .* here, from a few steps of each network \\(vit-nano: [0-9]+ images/s on torchsharp\\)", result.Output);
        Assert.IsFalse(Directory.Exists(folder["out"]));
    }

    [TestMethod]
    public void WrongUsage_IsOneLine()
    {
        using var folder = new TempFolder();
        StringAssert.Contains(CliRunner.Fails(2, "sweep", "-o", folder["x"]), "findings-delta");
        StringAssert.Contains(CliRunner.Fails(2, "sweep", "findings-magic", "-o", folder["x"]), "findings-delta");
        StringAssert.Contains(CliRunner.Fails(2, "sweep", "findings-delta", "--set", "delt=1", "-o", folder["x"]), "no setting 'delt'");
        StringAssert.Contains(CliRunner.Fails(2, "sweep", "--resume", folder["x"]), "sweep.yaml");
        StringAssert.Contains(CliRunner.Fails(2, "sweep", "findings-delta", "--resume", folder["x"]), "--resume");
        Assert.IsFalse(Directory.Exists(folder["x"]));
    }

    /// <summary>Four cells of three pre-trainings: noise has no Δ.</summary>
    private static string Write(TempFolder folder, int steps)
    {
        FinetuningTests.WriteClasses(folder["photos"], count: 12);
        File.WriteAllText(folder["sweep.yaml"], $$"""
            x: delta
            base: {data: {{folder["photos"]}}, protocols: [knn], seeds: 1, labelled: 12, classes: 4, size: 48, points: 2000, steps: {{steps}}, batch_size: 4}
            grid: {delta: [0.1, 0.5]}
            cases:
              - {name: 1p-frac}
              - {name: noise, source: noise}

            """);
        return folder["sweep.yaml"];
    }

    /// <summary>Waits until there are so many files of a name, or the process ended.</summary>
    private static void Await(Process process, TempFolder folder, string name, int count)
    {
        while (!process.HasExited && !(Directory.Exists(folder["out"]) && Directory.GetFiles(folder["out"], name, SearchOption.AllDirectories).Length >= count))
        {
            Thread.Sleep(5);
        }

        Assert.IsFalse(process.HasExited, "It had not ended by itself.");
    }

    private static Dictionary<string, DateTime> Times(TempFolder folder)
    {
        return Directory.GetFiles(folder["out"], "*", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) is "backbone.onnx" or "results.csv")
            .ToDictionary(f => f, File.GetLastWriteTimeUtc);
    }
}
