namespace OneFractal.Evaluation;

/// <summary>Probabilities of classes for a number of images.</summary>
/// <param name="probabilities">[images, classes], each row summing to 1.</param>
/// <param name="classes">Number of classes.</param>
public sealed class ImagePredictions(float[] probabilities, int classes)
{
    /// <summary>Number of images.</summary>
    public int Count { get; } = probabilities.Length / classes;

    /// <summary>Number of classes.</summary>
    public int Classes { get; } = classes;

    /// <summary>The probabilities of image <paramref name="i"/>.</summary>
    public ReadOnlySpan<float> Row(int i) => probabilities.AsSpan(i * Classes, Classes);

    /// <summary>From logits [images, classes], by softmax.</summary>
    public static ImagePredictions FromLogits(ReadOnlySpan<float> logits, int classes)
    {
        var probabilities = new float[logits.Length];
        for (var i = 0; i < logits.Length; i += classes)
        {
            LogitRow.Softmax(logits.Slice(i, classes)).CopyTo(probabilities, i);
        }

        return new ImagePredictions(probabilities, classes);
    }
}
