using OneFractal.Data.Transforms;
using OneFractal.Training;

namespace OneFractal.Tests.Training;

[TestClass]
public sealed class RecipesTests
{
    [TestMethod]
    public void EveryBuiltInRecipe_Loads()
    {
        CollectionAssert.IsSubsetOf(new[] { "quick-cpu", "finetune-small", "paper-vit-tiny", "finetune-cifar" }, Recipes.Names.ToArray());
        foreach (var name in Recipes.Names)
        {
            Recipes.Load(name).Augmentation.ToSettings();
        }
    }

    [TestMethod]
    public void PaperRecipe_IsThePapersAugmentation()
    {
        var recipe = Recipes.Load("paper-vit-tiny");
        Assert.AreEqual(TrainingTransformSettings.PaperPretraining, recipe.Augmentation.ToSettings());
        Assert.AreEqual(new MixSettings(), recipe.Augmentation.ToMixSettings());
    }

    [TestMethod]
    public void File_RoundTrips()
    {
        using var folder = new TempFolder();
        var recipe = new TrainingRecipe { Steps = 7, LearningRate = 0.00123, Augmentation = new AugmentationRecipe { CropScale = [0.2, 0.9] } };
        File.WriteAllText(folder["mine.yaml"], Yaml.Write(recipe));
        var read = Recipes.Load(folder["mine.yaml"]);
        Assert.AreEqual(Yaml.Write(recipe), Yaml.Write(read));
        Assert.AreEqual(0.00123, read.LearningRate);
    }

    [TestMethod]
    [DataRow("steps: many", "line 1")]
    [DataRow("batch_size: 16\nlearning_speed: 1", "learning_speed")]
    [DataRow("steps: 0", "--steps")]
    [DataRow("drop_path: 1", "--drop-path")]
    [DataRow("ema_decay: 1", "--ema")]
    [DataRow("layer_decay: 0", "--layer-decay")]
    [DataRow("optimizer: adagrad", "adagrad")]
    [DataRow("optimizer: 7", "--optimizer")]
    [DataRow("precision: 9", "--precision")]
    [DataRow("accumulation: 0", "--accumulate")]
    [DataRow("augmentation: { rand_augment: randy-m9 }", "randy")]
    [DataRow("augmentation: { crop_scale: [0.5, 0.1] }", "crop scale")]
    public void WrongFile_IsOneClearLine(string yaml, string expected)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["bad.yaml"], yaml);
        var error = Assert.ThrowsExactly<UsageException>(() => Recipes.Load(folder["bad.yaml"]));
        StringAssert.Contains(error.Message, expected);
        Assert.DoesNotContain("\n", error.Message);
    }

    [TestMethod]
    public void UnknownName_ListsTheKnownOnes()
    {
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => Recipes.Load("fast")).Message, "quick-cpu");
    }
}
