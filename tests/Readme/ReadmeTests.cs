using System.Text.RegularExpressions;
using OneFractal.Tests.Cli;

namespace OneFractal.Tests.Readme;

/// <summary>What the README shows is what there is.</summary>
[TestClass]
public sealed partial class ReadmeTests
{
    private static readonly string Root = FindRoot();
    private static readonly string Readme = File.ReadAllText(Path.Combine(Root, "README.md"));

    [TestMethod]
    public void Sample_IsTheCompiledOne()
    {
        var source = File.ReadAllLines(Path.Combine(Root, "tests", "Readme", "ReadmeSample.cs"));
        var from = Array.FindIndex(source, l => l.Contains("<sample>")) + 1;
        var to = Array.FindIndex(source, l => l.Contains("</sample>"));
        const int Indentation = 8;
        var sample = string.Join('\n', source[from..to].Select(l => l.Length > Indentation ? l[Indentation..] : l));
        StringAssert.Contains(Readme, "```csharp\n" + sample + "\n```");
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
    public void Links_LeadToFilesThatAreThere()
    {
        foreach (Match link in Link().Matches(Readme))
        {
            Assert.IsTrue(Path.Exists(Path.Combine(Root, link.Groups[1].Value)), link.Value);
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Solution.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        }

        return folder.FullName;
    }

    [GeneratedRegex(@"^\./onefractal ([a-z]+[^\n]*)", RegexOptions.Multiline)]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"\]\(([^)#:]+)\)")]
    private static partial Regex Link();
}
