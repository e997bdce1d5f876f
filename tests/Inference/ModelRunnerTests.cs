using OneFractal.Export;
using OneFractal.Inference;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Inference;

[TestClass]
public sealed class ModelRunnerTests
{
    [TestMethod]
    public void ABatchOfNoImages_IsRefused()
    {
        var g = new GraphBuilder("empty");
        g.Output(g.Rename(g.Node("Flatten", [g.Node("GlobalAveragePool", [g.Input("images", DataType.Float, 0, 3, 8, 8)])]), "features"));
        Assert.Contains("'images' is 0", Assert.ThrowsExactly<ModelException>(() => ModelRunner.Create(g.Build())).Message);
    }
}
