using OneFractal.Training;

namespace OneFractal.Tests.Training;

[TestClass]
public sealed class CosineScheduleTests
{
    private static readonly TrainingRecipe Recipe = new() { Steps = 101, WarmupSteps = 20, LearningRate = 1e-2, MinimumLearningRate = 1e-4 };

    [TestMethod]
    public void LearningRate_RisesLinearlyThenFallsAsHalfACosine()
    {
        Assert.AreEqual(1e-2 / 20, CosineSchedule.LearningRate(Recipe, 0), 1e-15);
        Assert.AreEqual(1e-2 / 2, CosineSchedule.LearningRate(Recipe, 9), 1e-15);
        Assert.AreEqual(1e-2, CosineSchedule.LearningRate(Recipe, 20), 1e-15);
        Assert.AreEqual((1e-2 + 1e-4) / 2, CosineSchedule.LearningRate(Recipe, 60), 1e-15, "Half way down.");
        Assert.AreEqual(1e-4, CosineSchedule.LearningRate(Recipe, 100), 1e-15);
    }

    [TestMethod]
    public void LearningRate_ReachesItsPeak_HoweverLongTheWarmUp()
    {
        var recipe = Recipe with { WarmupSteps = 1_000_000 };
        Assert.AreEqual(1e-2, Enumerable.Range(0, recipe.Steps).Max(s => CosineSchedule.LearningRate(recipe, s)), 1e-15);
    }
}
