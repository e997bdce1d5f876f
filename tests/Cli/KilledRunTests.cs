using System.Diagnostics;
using OneFractal.Common;
using OneFractal.Training;

namespace OneFractal.Tests.Cli;

/// <summary>Nothing is lost: a run that is killed again and again, at any moment, ends as one that was left alone.</summary>
[TestClass]
public sealed class KilledRunTests
{
    private const int Kills = 20;

    private static readonly string[] Arguments =
    [
        "--classes", "4", "--size", "48", "--points", "3000", "--batch-size", "4", "--steps", "200", "--drop-path", "0.2", "--ema", "0.9", "--threads", "1",
    ];

    [TestMethod]
    public void RunKilledAtRandomMoments_EndsWithTheSameBits()
    {
        using var folder = new TempFolder();
        var (whole, killed) = (new RunFolder(folder["whole"]), new RunFolder(folder["killed"]));
        var random = new RandomStream(2024);
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = Start(killed);
            // Some die while they start; most some moments after a checkpoint or two, while they train, write the next one or rename it.
            if (kill % 4 != 0)
            {
                AwaitCheckpoints(process, killed, count: 1 + kill % 3);
            }

            Thread.Sleep((int)random.Uniform(0, kill % 4 == 0 ? 1500 : 60));
            Assert.IsFalse(process.HasExited, "It is killed before it ends.");
            process.Kill();
            process.WaitForExit();
        }

        var last = CliRunner.Finish(Start(killed));
        Assert.AreEqual(0, last.ExitCode, last.Error);
        StringAssert.Contains(last.Error, "Going on after step", "It was killed between checkpoints and resumed.");
        // The backend was chosen when the run began: it is kept, and its name is all that it takes to compute the same again.
        var backend = File.ReadLines(killed.RunYaml).Single(l => l.StartsWith("backend: ", StringComparison.Ordinal))["backend: ".Length..];
        Assert.AreEqual(0, CliRunner.Run(["pretrain", .. Arguments, "--backend", backend, "-o", whole.Path]).ExitCode);
        CollectionAssert.AreEqual(File.ReadAllBytes(whole.Backbone), File.ReadAllBytes(killed.Backbone));
        CollectionAssert.AreEqual(File.ReadAllBytes(whole.CheckpointState), File.ReadAllBytes(killed.CheckpointState));
        Assert.HasCount(0, Directory.GetFiles(folder["killed"], "*.partial", SearchOption.AllDirectories));
    }

    private static Process Start(RunFolder run)
    {
        string[] which = run.Exists ? ["--resume", run.Path, "--threads", "1"] : [.. Arguments, "-o", run.Path];
        return CliRunner.Start(["pretrain", .. which, "--checkpoint-every", "1"]);
    }

    /// <summary>Waits until the checkpoint was replaced that many times, or the process ended.</summary>
    private static void AwaitCheckpoints(Process process, RunFolder run, int count)
    {
        var seen = File.GetLastWriteTimeUtc(run.CheckpointState);
        while (count > 0 && !process.HasExited)
        {
            Thread.Sleep(1);
            var now = File.GetLastWriteTimeUtc(run.CheckpointState);
            count -= now == seen ? 0 : 1;
            seen = now;
        }
    }
}
