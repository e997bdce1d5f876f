using System.Diagnostics;
using OneFractal.Cli;
using Spectre.Console.Cli;

namespace OneFractal.Tests.Cli;

[TestClass]
public sealed class CommandLineTests
{
    public static IEnumerable<string[]> AllVerbs
    {
        get
        {
            new CommandApp().Configure(Verbs.Register);
            return Verbs.Names.Select(name => (string[])[name]);
        }
    }

    [TestMethod]
    [DynamicData(nameof(AllVerbs))]
    public void Help_OfAVerb_DescribesItAndItsOptionsWithAnExample(string verb)
    {
        var result = CliRunner.Run(verb, "--help");
        Assert.AreEqual(0, result.ExitCode, result.Error);
        Assert.AreEqual("", result.Error);
        Assert.Contains("DESCRIPTION:", result.Output);
        Assert.MatchesRegex($@"EXAMPLES:\s+onefractal {verb}", result.Output);
        var undescribed = result.Output.Split('\n').Where(l => l.TrimStart().StartsWith('-') && !l.TrimStart().Contains("  ")).ToArray();
        Assert.IsEmpty(undescribed, string.Join('\n', undescribed));
    }

    [TestMethod]
    public void Help_ListsEveryVerb_AndTheExitCodes()
    {
        var help = CliRunner.Run("--help").Output;
        foreach (var verb in AllVerbs)
        {
            Assert.MatchesRegex($@"\n    {verb[0]} ", help);
        }

        Assert.Contains("130 stopped by Ctrl-C", help);
    }

    [TestMethod]
    public void Version_IsTheAssemblys()
    {
        var version = typeof(Verbs).Assembly.GetName().Version!.ToString(3);
        Assert.AreEqual(version, CliRunner.Run("--version").Output.Trim());
    }

    [TestMethod]
    [DataRow("Unknown command 'paint'. See 'onefractal --help'.", "paint")]
    [DataRow("Unknown option '--bogus'. See 'onefractal doctor --help'.", "doctor", "--bogus")]
    [DataRow("Unknown option '--bogus'. See 'onefractal doctor --help'.", "doctor", "--bogus=3")]
    [DataRow("Unexpected argument 'extra'. See 'onefractal doctor --help'.", "doctor", "extra")]
    public void WrongUsage_IsOneLine_WithExitCode2(string message, params string[] args)
    {
        Assert.AreEqual($"onefractal: {message}", CliRunner.Fails(2, args));
    }

    [TestMethod]
    public void Verbose_ShowsTheTraceOfAnError()
    {
        var result = CliRunner.Run("synth", "-o", "/dev/null/x", "--size", "64", "--verbose");
        Assert.AreEqual(1, result.ExitCode);
        Assert.Contains("   at OneFractal.", result.Error);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void AReaderThatLeaves_IsNoError()
    {
        var dll = Path.Combine(AppContext.BaseDirectory, "onefractal.dll");
        var start = new ProcessStartInfo("bash", ["-c", $"dotnet '{dll}' --help | true; echo ${{PIPESTATUS[0]}}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Assert.AreEqual(new CliResult(0, "0\n", ""), CliRunner.Finish(Process.Start(start)!));
    }
}
