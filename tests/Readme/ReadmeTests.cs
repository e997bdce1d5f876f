using System.Text.RegularExpressions;
using OneFractal.Evaluation;
using OneFractal.Tests.Cli;

namespace OneFractal.Tests.Readme;

/// <summary>What the README shows is what there is.</summary>
[TestClass]
public sealed partial class ReadmeTests
{
    private static readonly string Root = Repository.Root;
    private static readonly string Readme = File.ReadAllText(Path.Combine(Root, "README.md"));

    [TestMethod]
    [DataRow("csharp", "Readme/ReadmeSample.cs", 8)]
    [DataRow("js", "JavaScript/train.mjs", 0)]
    public void Sample_IsTheTestedOne(string language, string file, int indentation)
    {
        var source = File.ReadAllLines(Path.Combine(Root, "tests", file));
        var from = Array.FindIndex(source, l => l.Contains("<sample>")) + 1;
        var to = Array.FindIndex(source, l => l.Contains("</sample>"));
        var sample = string.Join('\n', source[from..to].Select(l => l.Length > indentation ? l[indentation..] : l));
        StringAssert.Contains(Readme, $"```{language}\n{sample}\n```");
    }

    [TestMethod]
    public void Commands_AndTheirOptions_Exist()
    {
        var commands = CommandLine().Matches(Readme).Select(m => m.Groups[1].Value.Split('#')[0]).ToArray();
        Assert.IsGreaterThan(5, commands.Length);
        foreach (var command in commands)
        {
            var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var help = CliRunner.Run(words[0], "--help");
            Assert.AreEqual(0, help.ExitCode, command);
            foreach (var option in words.Where(w => w.StartsWith('-')))
            {
                Assert.MatchesRegex($@"(^|[\s,]){Regex.Escape(option)}\b", help.Output, command);
            }
        }
    }

    [TestMethod]
    public void Sweep_IsOne()
    {
        var yaml = Readme.Split("```yaml\n")[1].Split("```")[0];
        Assert.HasCount(2 * 3 * 2, SweepDefinition.Parse(yaml, "README.md").Expand());
    }

    [TestMethod]
    public void Links_LeadToFilesThatAreThere()
    {
        foreach (Match link in Link().Matches(Readme))
        {
            Assert.IsTrue(Path.Exists(Path.Combine(Root, link.Groups[1].Value)), link.Value);
        }
    }

    [GeneratedRegex(@"^\./onefractal ([a-z]+[^\n]*)", RegexOptions.Multiline)]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"\]\(([^)#:]+)\)")]
    private static partial Regex Link();
}
