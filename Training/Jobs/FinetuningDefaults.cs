using System.Globalization;
using System.Numerics;
using OneFractal.Data;
using OneFractal.Data.Readers;

namespace OneFractal.Training;

/// <summary>What a fine-tuning does where it was not told: chosen by how many images there are, and of which classes.</summary>
public static class FinetuningDefaults
{
    /// <summary>Measurements (of 50 in a run) without a lower validation loss after which training ends. Cosine schedules improve late: fewer end too early.</summary>
    public const int Patience = 15;

    /// <summary>Share of the labelled images of each class that is held out to measure on; at least one of two or more.</summary>
    public const double ValidationShare = 0.15;

    /// <summary>Most images that are held out: with 2,000 the standard error of an accuracy is at most 1.1 points.</summary>
    public const int MostValidation = 2000;

    /// <summary>Classes are weighted where the largest has more than this many times the images of the smallest.</summary>
    public const double Imbalance = 3;

    /// <summary>Largest factor of a class: with more, a network learns a few images by heart.</summary>
    public const double LargestFactor = 10;

    // The recipe that this is about is made for about so many images.
    private const string BaseRecipe = "finetune-small";
    private const double BaseImages = 1000;
    private const int LeastSteps = 100, ManyImages = 10_000, LargeBatch = 128, FewOfAClass = 20, SomeOfAClass = 200, Named = 8;

    /// <summary>
    /// The recipe <c>finetune-small</c>, fitted: steps grow with the square root of the images, from 100; the batch is no larger than the data set, and 128 from
    /// 10,000 images on; smaller batches learn at a lower rate; and the fewer images a class has, the more they are varied.
    /// </summary>
    /// <param name="images">Images to learn from.</param>
    /// <param name="classes">Number of classes.</param>
    public static TrainingRecipe Recipe(int images, int classes)
    {
        var recipe = Recipes.Load(BaseRecipe);
        var steps = Math.Max(LeastSteps, (int)(Math.Round(recipe.Steps * Math.Sqrt(images / BaseImages) / 10) * 10));
        var batch = images >= ManyImages ? LargeBatch : Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)images + 1) / 2, 2, recipe.BatchSize);
        var perClass = images / classes;
        return recipe with
        {
            Steps = steps,
            BatchSize = batch,
            // The square-root scaling rule of adaptive optimizers (arXiv 2205.10287).
            LearningRate = Math.Round(recipe.LearningRate * Math.Min(1, Math.Sqrt(batch / (double)recipe.BatchSize)), 6),
            WarmupSteps = steps / 10,
            Augmentation = perClass > SomeOfAClass ? recipe.Augmentation
                : recipe.Augmentation with { CropScale = [perClass > FewOfAClass ? 0.7 : 0.5, 1.0], ColorJitter = perClass > FewOfAClass ? 0 : 0.2 },
        };
    }

    /// <summary>
    /// How often the images of each class are to be shown, in proportion: inversely to how many there are, at most ten times as often as those of the largest
    /// class. Null where no class has over three times the images of another.
    /// </summary>
    /// <param name="counts">Images of each class; a class without any is left alone.</param>
    public static double[]? ClassFactors(IReadOnlyList<int> counts)
    {
        var (largest, smallest) = (counts.Max(), counts.Where(c => c > 0).Min());
        return largest > Imbalance * smallest
            ? [.. counts.Select(c => c == 0 ? 1 : Math.Round(Math.Min(LargestFactor, largest / (double)c), 3))]
            : null;
    }

    /// <summary>Divides images into those to learn from and those to measure on; none where no class has two.</summary>
    internal static (IImageDataset Training, IImageDataset? Validation) HoldOut(IImageDataset labelled, ulong seed)
    {
        var held = SubsetDataset.HoldOut(labelled, ValidationShare, MostValidation, seed);
        return held.Count == 0 ? (labelled, null) : (held.Rest(), held);
    }

    /// <summary>Fills in what <paramref name="settings"/> leave open, and says what was chosen.</summary>
    internal static FinetuningSettings Resolve(FinetuningSettings settings, IImageDataset training, IImageDataset? validation, IProgressReporter progress)
    {
        var recipe = settings.Recipe;
        if (recipe is null)
        {
            recipe = Recipe(training.Count, training.ClassNames.Count);
            recipe = settings.Adjust?.Invoke(recipe) ?? recipe;
            progress.Message(string.Create(
                CultureInfo.InvariantCulture,
                $"For {training.Count} images of {training.ClassNames.Count} classes: {recipe.Steps} steps of {recipe.BatchSize}, learning rate {recipe.LearningRate}, crops of at least {100 * recipe.Augmentation.CropScale[0]:0} %."));
        }

        var patience = settings.Patience ?? Patience;
        if (patience > 0)
        {
            SayWhatIsNotMeasured(training, validation, progress);
        }

        var factors = settings.ClassFactors;
        if (factors is null && settings.ClassWeights == ClassWeighting.Auto)
        {
            // By drawing rather than by weighing the loss: targets then still sum to 1, which the gradients of both backends count on, and a rare class is varied
            // anew each time instead of taking a few large steps.
            factors = ClassFactors(Counts(training));
            if (factors is not null)
            {
                var shown = factors.Index().Where(f => f.Item > 1).OrderByDescending(f => f.Item).ToArray();
                progress.Message($"Classes with few images are shown oftener: {List([.. shown.Select(f => string.Create(CultureInfo.InvariantCulture, $"'{training.ClassNames[f.Index]}' {f.Item:0.#} times"))])}.");
            }
        }

        return settings with { Recipe = recipe, Patience = patience, ClassFactors = factors };
    }

    private static void SayWhatIsNotMeasured(IImageDataset training, IImageDataset? validation, IProgressReporter progress)
    {
        if (validation is null)
        {
            progress.Message("There are no validation images: all steps are done, and the last weights are kept.");
            return;
        }

        var counts = Counts(validation);
        string[] missing = [.. training.ClassNames.Where((_, label) => counts[label] == 0).Select(name => $"'{name}'")];
        if (missing.Length > 0)
        {
            progress.Message($"No image to measure on is left for {List(missing)}: the best weights are chosen by the other classes.");
        }
    }

    private static string List(string[] items) => string.Join(", ", items.Take(Named)) + (items.Length > Named ? $" and {items.Length - Named} more" : "");

    private static int[] Counts(IImageDataset images)
    {
        var counts = new int[images.ClassNames.Count];
        for (var i = 0; i < images.Count; i++)
        {
            counts[images.Label(i)]++;
        }

        return counts;
    }
}
