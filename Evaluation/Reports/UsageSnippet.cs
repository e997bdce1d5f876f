namespace OneFractal.Evaluation;

/// <summary>The few lines of C# that use a classifier file.</summary>
internal static class UsageSnippet
{
    /// <summary>A program for the file at <paramref name="path"/>.</summary>
    public static string For(string path)
    {
        var literal = path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return $$"""
            using OneFractal.Inference;

            using var classifier = Classifier.Load("{{literal}}");
            var prediction = classifier.Predict("image.jpg");
            Console.WriteLine($"{prediction.Label}: {prediction.Probability:P1}");
            """;
    }
}
