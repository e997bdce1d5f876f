using System.Diagnostics;
using System.Runtime.Versioning;

namespace OneFractal.Tests.Cli;

/// <summary>./onefractal in a copy of its own, with stand-ins for dotnet, ldconfig and apt-get: what it does when, not what they do.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
[UnsupportedOSPlatform("windows")]
public sealed class SetupScriptTests
{
    // Builds by writing the DLL, runs by printing its arguments, and counts the builds.
    private const string FakeDotnet = """
        #!/bin/bash
        case $1 in
            --version) echo "${FAKE_SDK:-10.0.100}" ;;
            build)
                echo built >>"$FAKE_LOG"
                [[ -z ${FAKE_ERROR:-} ]] || { echo "a.cs(1,1): error: $FAKE_ERROR"; exit 1; }
                sleep 0.2
                mkdir -p artifacts/bin/OneFractal.Cli/release
                touch artifacts/bin/OneFractal.Cli/release/onefractal.dll ;;
            *) echo "ran ${@:2}" ;;
        esac
        """;

    [TestMethod]
    public void ItBuildsOnce_AndAgainAfterAChange()
    {
        using var copy = new Copy();
        Assert.AreEqual((0, "ran synth -o x\n"), copy.Run("synth", "-o", "x"));
        Assert.Contains("for the first time", copy.Error);
        Assert.AreEqual((0, "ran a b\n"), copy.Run("a b"));
        Assert.AreEqual("", copy.Error);
        Assert.AreEqual(1, copy.Builds);

        var source = copy.Folder["Data", "A.cs"];
        File.WriteAllText(source, "class A;");
        copy.Run();
        Assert.AreEqual(2, copy.Builds);
        File.Delete(source);
        copy.Run();
        copy.Run();
        Assert.AreEqual(3, copy.Builds);
    }

    [TestMethod]
    public void ItRunsThroughALink_InTheCallersFolder()
    {
        using var copy = new Copy();
        File.CreateSymbolicLink(copy.Folder["link"], copy.Folder["onefractal"]);
        copy.Script = copy.Folder["link"];
        Assert.AreEqual((0, "ran x\n"), copy.Run("x"));
    }

    [TestMethod]
    public async Task TwoFirstRunsAtOnce_BuildOnce()
    {
        using var copy = new Copy();
        var runs = await Task.WhenAll(Task.Run(() => copy.Run("1")), Task.Run(() => copy.Run("2")));
        Assert.AreSequenceEqual([(0, "ran 1\n"), (0, "ran 2\n")], runs);
        Assert.AreEqual(1, copy.Builds);
    }

    [TestMethod]
    public void AFailedBuild_ShowsItsErrors_AndIsTriedAgain()
    {
        using var copy = new Copy();
        copy.Environment["FAKE_ERROR"] = "CS0001";
        Assert.AreEqual((1, ""), copy.Run("x"));
        Assert.Contains("error: CS0001", copy.Error);
        copy.Environment.Remove("FAKE_ERROR");
        Assert.AreEqual((0, "ran x\n"), copy.Run("x"));
    }

    [TestMethod]
    public void AnotherSdk_IsOneClearLine()
    {
        using var copy = new Copy();
        copy.Environment["FAKE_SDK"] = "9.0.100";
        Assert.AreEqual((1, ""), copy.Run("x"));
        Assert.Contains("needs the .NET 10 SDK", copy.Error);
        Assert.AreEqual(0, copy.Builds);
    }

    [TestMethod]
    public void AMissingPackage_IsInstalled_OrTold_AndTheVerbRuns()
    {
        using var copy = new Copy();
        copy.AddTool("ldconfig", "#!/bin/sh\n");
        copy.AddTool("sudo", "#!/bin/sh\nexit 1\n");
        copy.AddTool("apt-get", "#!/bin/sh\necho \"apt-get $*\"; exit ${FAKE_APT:-0}\n");
        Assert.AreEqual((0, "ran x\n"), copy.Run("x"));
        if (System.Environment.IsPrivilegedProcess)
        {
            Assert.MatchesRegex("apt-get .* install -y --no-install-recommends libgtk-3-0 libdrm2 libatomic1", File.ReadAllText(copy.Folder["artifacts", "apt.log"]));
        }

        copy.Environment["FAKE_APT"] = "100";
        Assert.AreEqual((0, "ran x\n"), copy.Run("x"));
        Assert.Contains("could not install libgtk-3-0 libdrm2 libatomic1. Run: sudo apt-get install libgtk-3-0 libdrm2 libatomic1", copy.Error);
    }

    /// <summary>The script in a folder with the same layout and no sources.</summary>
    private sealed class Copy : IDisposable
    {
        public Copy()
        {
            foreach (var room in new[] { "Common", "Export", "Data", "Training", "Inference", "Evaluation", "Cli", "build", "tools" })
            {
                Directory.CreateDirectory(Folder[room]);
            }

            foreach (var file in new[] { "onefractal", "build/setup.sh", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json" })
            {
                File.Copy(Path.Combine(Repository.Root, file), Folder[file]);
            }

            AddTool("dotnet", FakeDotnet);
            Script = Folder["onefractal"];
            Environment["PATH"] = $"{Folder["tools"]}:{System.Environment.GetEnvironmentVariable("PATH")}";
            Environment["FAKE_LOG"] = Folder["log"];
        }

        public TempFolder Folder { get; } = new();

        public Dictionary<string, string> Environment { get; } = [];

        public string Script { get; set; }

        public string Error { get; private set; } = "";

        public int Builds => File.Exists(Folder["log"]) ? File.ReadAllLines(Folder["log"]).Length : 0;

        public void AddTool(string name, string script)
        {
            File.WriteAllText(Folder["tools", name], script);
            File.SetUnixFileMode(Folder["tools", name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        public (int ExitCode, string Output) Run(params string[] args)
        {
            var start = new ProcessStartInfo("bash", [Script, .. args])
            {
                WorkingDirectory = Path.GetTempPath(),
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment.Remove("ONEFRACTAL_DEVICE");
            foreach (var (name, value) in Environment)
            {
                start.Environment[name] = value;
            }

            var result = CliRunner.Finish(Process.Start(start)!);
            Error = result.Error;
            return (result.ExitCode, result.Output);
        }

        public void Dispose() => Folder.Dispose();
    }
}
