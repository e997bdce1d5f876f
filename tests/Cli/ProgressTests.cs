using OneFractal.Cli.Output;
using Spectre.Console;

namespace OneFractal.Tests.Cli;

[TestClass]
public sealed class ProgressTests
{
    [TestMethod]
    [DataRow(0.4, "0:00")]
    [DataRow(67.0, "1:07")]
    [DataRow(3600.0, "1:00:00")]
    [DataRow(90061.0, "25:01:01")]
    public void Times_AreShort(double seconds, string text)
    {
        Assert.AreEqual(text, ProgressClock.Format(TimeSpan.FromSeconds(seconds)));
    }

    [TestMethod]
    public void Remaining_CountsFromTheFirstReport()
    {
        // Resumed at 900 of 1000 after a warm-up of a minute: 10 units in 5 s leave 90 in 45 s.
        var time = new FakeTime();
        var clock = new ProgressClock(time, 1000);
        Assert.IsNull(clock.Remaining);
        time.Advance(60);
        clock.Report(900);
        Assert.IsNull(clock.Remaining);
        time.Advance(5);
        clock.Report(910);
        Assert.AreEqual(45, clock.Remaining!.Value.TotalSeconds, 1e-6);
        time.Advance(15);
        Assert.AreEqual(30, clock.Remaining!.Value.TotalSeconds, 1e-6);
    }

    [TestMethod]
    public void Lines_AreRare_AndCarryTimeLeftAndDetail()
    {
        var time = new FakeTime();
        var writer = new StringWriter { NewLine = "\n" };
        using (var progress = new PlainProgress(writer, time))
        {
            using var task = progress.Start("train", 1000);
            for (var i = 0; i <= 100; i++)
            {
                task.Report(i, $"loss {i}");
                time.Advance(0.1);
            }

            progress.Message("checkpoint written");
        }

        // 5 % and 5 s have passed at 50; at 100 a second later the work stops.
        Assert.AreEqual(
            """
            train: 5 %, 50 of 1000, 0:05 elapsed, 1:35 left, loss 50
            train: 10 %, 100 of 1000, 0:10 elapsed, 1:30 left, loss 100
            checkpoint written
            train: 10 %, 100 of 1000, stopped after 0:10, loss 100

            """, writer.ToString());
    }

    [TestMethod]
    public void Lines_OfWorkWithoutATotal_Count()
    {
        var time = new FakeTime();
        var writer = new StringWriter { NewLine = "\n" };
        using (var task = new PlainProgress(writer, time).Start("read", 0))
        {
            time.Advance(2);
            task.Report(7);
            task.Dispose();
        }

        Assert.AreEqual("read: 7, done in 0:02\n", writer.ToString());
    }

    [TestMethod]
    public void Bars_ShowTitleAndDetail_AndSurviveNestedWork()
    {
        var writer = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, Out = new AnsiConsoleOutput(writer) });
        console.Profile.Width = 120;
        using (var progress = new LiveProgress(console))
        {
            using (var outer = progress.Start("outer [a]", 2))
            {
                using (var inner = progress.Start("inner", 10))
                {
                    inner.Report(10, "loss [1]");
                }

                progress.Message("a [message]");
                outer.Report(2);
            }

            // All work has ended: a new display starts.
            using var again = progress.Start("again", 0);
        }

        foreach (var text in new[] { "outer [a]", "inner", "loss [1]", "a [message]", "again", "100%" })
        {
            Assert.Contains(text, writer.ToString());
        }
    }
}
