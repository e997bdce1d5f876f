namespace OneFractal.Training;

/// <summary>Linear warm-up, then half a cosine down to the minimum, by step.</summary>
internal static class CosineSchedule
{
    /// <summary>The learning rate of <paramref name="step"/>, from 0.</summary>
    public static double LearningRate(TrainingRecipe recipe, long step)
    {
        // A warm-up longer than the run would never reach the peak.
        var warmup = Math.Min(recipe.WarmupSteps, recipe.Steps / 2);
        if (step < warmup)
        {
            return recipe.LearningRate * (step + 1) / warmup;
        }

        var progress = (step - warmup) / (double)Math.Max(1, recipe.Steps - 1 - warmup);
        var cosine = 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, progress)));
        return recipe.MinimumLearningRate + (recipe.LearningRate - recipe.MinimumLearningRate) * cosine;
    }
}
