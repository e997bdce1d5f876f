using System.Text.Json;
using OneFractal.Evaluation;

namespace OneFractal.Tests.Cli;

[TestClass]
public sealed class DoctorTests
{
    [TestMethod]
    public void Doctor_TriesEverything_AndPrintsJsonAlone()
    {
        var result = CliRunner.Run("doctor", "--json");
        Assert.AreEqual(0, result.ExitCode, result.Error + result.Output);
        using var json = JsonDocument.Parse(result.Output);
        Assert.IsTrue(json.RootElement.GetProperty("works").GetBoolean());
        var findings = json.RootElement.GetProperty("findings").EnumerateArray().ToDictionary(f => f.GetProperty("name").GetString()!);
        foreach (var required in new[] { ".NET", "TorchSharp, CPU", "ONNX Runtime, CPU", "OpenCV", "Images" })
        {
            Assert.AreEqual("ok", findings[required].GetProperty("status").GetString(), required);
        }

        foreach (var finding in findings.Values.Where(f => f.GetProperty("status").GetString() != "ok"))
        {
            Assert.AreNotEqual("", finding.GetProperty("hint").GetString(), finding.ToString());
        }
    }

    [TestMethod]
    public void Check_ThatThrows_IsAFindingWithItsHint()
    {
        var inner = new DllNotFoundException("Unable to load shared library 'x'\nmore");
        var check = new Check("x", () => throw new TypeInitializationException("T", inner), FindingStatus.Failed, "install x");
        Assert.AreEqual(new Finding("x", FindingStatus.Failed, "Unable to load shared library 'x'", "install x"), check.Run());
    }
}
