using OneFractal.Export;
using OneFractal.Training;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Training;

[TestClass]
public sealed class LayerDecayTests
{
    [TestMethod]
    [DataRow("0", "2", "0 0 1 1", DisplayName = "a sequence of modules")]
    [DataRow("blocks.0.mlp", "blocks.1.mlp", "0 0 1 1", DisplayName = "blocks")]
    public void PathsWithNumbers_AreLayers(string first, string second, string expected) => Assert.AreEqual(expected, Layers($"{first}.weight", $"{first}.bias", $"{second}.weight", $"{second}.bias"));

    /// <summary>Older exporters of PyTorch number what they fold.</summary>
    [TestMethod]
    public void ANumberAlone_IsNoLayer() => Assert.AreEqual("0 0 1 1", Layers("497", "498", "500", "501"));

    /// <summary>The layer of each parameter of two convolutions, from 0.</summary>
    private static string Layers(params string[] names)
    {
        var g = new GraphBuilder("layers");
        FillParameter none = (_, _, _) => { };
        var x = g.Input("images", DataType.Float, 1, 4, 8, 8);
        for (var i = 0; i < names.Length; i += 2)
        {
            x = g.Conv2d(x, g.Parameter(names[i], [4, 4, 1, 1], none), g.Parameter(names[i + 1], [4], none), 1);
        }

        g.Output(x);
        var scales = LayerDecay.Scales(g.Build(), 0.5);
        var lowest = names.Min(n => Math.Log2(scales[n]));
        return string.Join(' ', names.Select(n => Math.Log2(scales[n]) - lowest));
    }
}
