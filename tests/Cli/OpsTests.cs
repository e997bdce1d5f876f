using System.Text.Json;

namespace OneFractal.Tests.Cli;

[TestClass]
public sealed class OpsTests
{
    [TestMethod]
    public void Ops_ListsOperatorsWithTheirOpsetsAndGradients()
    {
        var result = CliRunner.Run("ops");
        Assert.AreEqual(0, result.ExitCode, result.Error);
        Assert.MatchesRegex(@"\| Conv +\| +7-26 \| yes +\| yes +\|", result.Output);
        Assert.MatchesRegex(@"\| Softmax +\| +7-12, 13-26 \| yes +\| yes +\|", result.Output);
        Assert.MatchesRegex(@"\| Upsample +\| +7-8, 9 \| yes +\| yes +\|", result.Output);
        Assert.MatchesRegex(@"\| Dropout +\| +7-11, 12-26 \| yes +\| yes +\|", result.Output);
        Assert.MatchesRegex(@"\| Einsum +\| +12-26 \| yes +\| no +\|", result.Output);
        Assert.MatchesRegex(@"\| ArgMax +\| +7-26 \| no +\| no +\|", result.Output);
    }

    [TestMethod]
    public void Ops_PrintsJsonAlone()
    {
        using var json = JsonDocument.Parse(CliRunner.Run("ops", "--json").Output);
        var gelu = json.RootElement.EnumerateArray().Single(o => o.GetProperty("operator").GetString() == "Gelu");
        Assert.AreEqual("20-26", gelu.GetProperty("opsets").GetString());
        Assert.IsTrue(gelu.GetProperty("torchSharp").GetBoolean());
        Assert.IsTrue(gelu.GetProperty("onnxRuntime").GetBoolean());
    }
}
