using OneFractal.Inference;
using OneFractal.Training;

namespace OneFractal.Tests.Readme;

/// <summary>The README's C# sample, compiled here: its lines between the markers are those of the README.</summary>
internal static class ReadmeSample
{
    public static void Run()
    {
        // <sample>
        var fractal = Pretraining.Run(
            new PretrainingSettings { Backbone = "vit-nano", Recipe = Recipes.Load("quick-cpu") },
            new JobOptions { Output = "runs/fractal" });

        var photos = Finetuning.Run(
            new FinetuningSettings { Data = "photos", Backbone = fractal.Run.Backbone },
            new JobOptions { Output = "runs/photos" });
        Console.WriteLine($"{photos.Test.Accuracy:P1} of {photos.Test.Count} test images");

        using var classifier = Classifier.Load(photos.Run.Classifier);
        Console.WriteLine(classifier.Predict("new/cat.jpg").Label);
        // </sample>
    }
}
