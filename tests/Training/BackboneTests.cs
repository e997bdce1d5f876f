using OneFractal.Training;

namespace OneFractal.Tests.Training;

[TestClass]
public sealed class BackboneTests
{
    /// <summary>timm's published counts with a head for 1,000 classes; nano and micro by hand.</summary>
    [TestMethod]
    [DataRow("vit-nano", 1_345_896L)]
    [DataRow("vit-micro", 1_333_608L)]
    [DataRow("vit-tiny", 5_717_416L)]
    [DataRow("vit-small", 22_050_664L)]
    [DataRow("vit-base", 86_567_656L)]
    public void ParameterCount_IsTimms(string name, long expected)
    {
        var labels = Enumerable.Range(0, 1000).Select(i => $"class {i}").ToArray();
        Assert.AreEqual(expected, Backbone.CountParameters(Backbone.WithHead(Backbone.Create(name), labels)));
    }
}
