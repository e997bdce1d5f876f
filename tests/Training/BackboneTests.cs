using OneFractal.Common;
using OneFractal.Training;

namespace OneFractal.Tests.Training;

[TestClass]
public sealed class BackboneTests
{
    /// <summary>timm's published counts with a head for 1,000 classes; own sizes by hand.</summary>
    [TestMethod]
    [DataRow("vit-nano", 1_345_896L)]
    [DataRow("vit-micro", 1_333_608L)]
    [DataRow("vit-tiny", 5_717_416L)]
    [DataRow("vit-small", 22_050_664L)]
    [DataRow("vit-base", 86_567_656L)]
    [DataRow("resnet-micro", 1_483_400L)]
    [DataRow("resnet18", 11_689_512L)]
    [DataRow("resnet50", 25_557_032L)]
    public void ParameterCount_IsTimms(string name, long expected)
    {
        var labels = Enumerable.Range(0, 1000).Select(i => $"class {i}").ToArray();
        Assert.AreEqual(expected, Backbone.CountParameters(Backbone.WithHead(Backbone.Create(name), labels)));
    }

    [TestMethod]
    public void ImageSize_ChangesWhatTheNetworkTakes_WhereItCan()
    {
        Assert.AreEqual(64, Backbone.Create("resnet18", imageSize: 64).Metadata!.Preprocessing.Height);
        var vit = Backbone.Create("vit_tiny_patch16_224", imageSize: 64);
        CollectionAssert.AreEqual(new long[] { 1, 17, 192 }, vit.FindInitializer("pos_embed")!.Dims.ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => Backbone.Create("vit-tiny", imageSize: 100)).Message, "steps of 16");
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => Backbone.Create("resnet19")).Message, "resnet18");
    }
}
