using OneFractal.Export;

namespace OneFractal.Tests.Export;

[TestClass]
public sealed class ModelMetadataTests
{
    private static readonly ModelMetadata Example = new()
    {
        Architecture = "vit_tiny_patch16_224",
        NumFeatures = 192,
        Preprocessing = new Preprocessing(3, 224, 192)
        {
            Mean = [0.485f, 0.456f, 0.406f],
            Std = [0.229f, 0.224f, 0.225f],
            Interpolation = Interpolation.Bicubic,
            CropFraction = 0.875,
        },
        Labels = ["ankle boot", "Mütze", "帽子", "a \"b\" \\ <c>", "👢"],
        Provenance = new Dictionary<string, string> { ["seed"] = "7", ["note"] = "zwei\nZeilen" },
    };

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Json_RoundTrips(bool indented)
    {
        var read = ModelMetadata.FromJson(Example.ToJson(indented), "m");
        Assert.AreEqual(Example.ToJson(), read.ToJson());
        CollectionAssert.AreEqual(Example.Labels.ToArray(), read.Labels.ToArray());
        CollectionAssert.AreEqual(Example.Preprocessing.Std, read.Preprocessing.Std);
        Assert.AreEqual((3, 224, 192), (read.Preprocessing.Channels, read.Preprocessing.Height, read.Preprocessing.Width));
        Assert.AreEqual(Interpolation.Bicubic, read.Preprocessing.Interpolation);
        Assert.AreEqual("zwei\nZeilen", read.Provenance["note"]);
        StringAssert.Contains(Example.ToJson(), "帽子", "Readable without decoding.");
    }

    /// <summary>The shape of a config.json from the timm hub.</summary>
    [TestMethod]
    public void TimmsOwnConfig_IsRead()
    {
        var read = ModelMetadata.FromJson(
            """
            {"architecture":"resnet18","num_classes":1000,"num_features":512,"global_pool":"avg","pretrained_cfg":{"tag":"a1_in1k",
             "input_size":[3,224,224],"fixed_input_size":false,"interpolation":"bicubic","crop_pct":0.95,"crop_mode":"center",
             "mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225],"num_classes":1000,"pool_size":[7,7],"first_conv":"conv1"}}
            """,
            "m");
        Assert.AreEqual("resnet18", read.Architecture);
        Assert.AreEqual(0.95, read.Preprocessing.CropFraction);
        Assert.IsEmpty(read.Labels);
    }

    [TestMethod]
    [DataRow("", "")]
    [DataRow("null", "null")]
    [DataRow("[]", "")]
    [DataRow("{}", "'pretrained_cfg' is missing")]
    [DataRow("""{"pretrained_cfg":{}}""", "'input_size' is missing")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,32,32],"mean":[0,0,0]}}""", "'std' is missing")]
    [DataRow("""{"pretrained_cfg":{"input_size":[4,32,32],"mean":[0,0,0,0],"std":[1,1,1,1]}}""", "input_size [4, 32, 32]")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,0,32],"mean":[0,0,0],"std":[1,1,1]}}""", "input_size")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,1e99,32],"mean":[0,0,0],"std":[1,1,1]}}""", "")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,32,32],"mean":[0,0],"std":[1,1,1]}}""", "mean must have 3")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,32,32],"mean":[0,0,0],"std":[1,0,1]}}""", "std must be above 0")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,32,32],"mean":[0,0,"x"],"std":[1,1,1]}}""", "")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,32,32],"mean":[0,0,0],"std":[1,1,1],"crop_pct":0}}""", "crop_pct 0")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,32,32],"mean":[0,0,0],"std":[1,1,1],"crop_pct":1e-9}}""", "crop_pct 1E-09")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,32,32],"mean":[0,0,0],"std":[1,1,1],"interpolation":"lanczos"}}""", "'lanczos'")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,32,32],"mean":[0,0,0],"std":[1,1,1],"interpolation":"7"}}""", "'7'")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,32,32],"mean":[0,0,0],"std":[1,1,1]},"label_names":[null]}""", "")]
    [DataRow("""{"pretrained_cfg":{"input_size":[3,32,32],"mean":[0,0,0],"std":[1,1,1]},"label_names":"a"}""", "")]
    public void DamagedJson_IsOneLineThatNamesTheModel(string json, string expected)
    {
        var error = Assert.ThrowsExactly<ModelException>(() => ModelMetadata.FromJson(json, "some.onnx"));
        StringAssert.Contains(error.Message, "some.onnx");
        StringAssert.Contains(error.Message, expected);
        Assert.DoesNotContain('\n', error.Message);
    }

    [TestMethod]
    public void Properties_AreSetReplacedAndRemoved()
    {
        var model = TestModels.Features();
        model.SetProperty("a", "1");
        model.SetProperty("a", "2");
        Assert.AreEqual("2", model.GetProperty("a"));
        model.SetProperty("a", null);
        model.SetProperty("a", null);
        Assert.IsNull(model.GetProperty("a"));
        model.Metadata = null;
        Assert.IsNull(model.Metadata);
    }
}
