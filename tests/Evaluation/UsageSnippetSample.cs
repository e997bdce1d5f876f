using OneFractal.Inference;

namespace OneFractal.Tests.Evaluation;

/// <summary>The snippet that finetune prints, compiled here: its lines between the markers are the printed ones.</summary>
internal static class UsageSnippetSample
{
    public static void Run()
    {
        // <sample>
        using var classifier = Classifier.Load("runs/photos/classifier.onnx");
        var prediction = classifier.Predict("image.jpg");
        Console.WriteLine($"{prediction.Label}: {prediction.Probability:P1}");
        // </sample>
    }
}
