using static TorchSharp.torch;

namespace OneFractal.Evaluation;

/// <summary>
/// The weighted nearest-neighbour classifier of DINO (arXiv 2104.14294, section 4.1): the k labelled images of greatest cosine similarity vote for
/// their class, each with exp(similarity / temperature).
/// </summary>
internal static class NearestNeighbours
{
    public const int DefaultNeighbours = 20;
    public const double DefaultTemperature = 0.07;
    private const int Block = 512;

    /// <summary>The share of the votes that each class gets, for each query.</summary>
    /// <param name="bank">Features of labelled images; with fewer than <paramref name="neighbours"/> all of them vote.</param>
    /// <param name="labels">Their classes.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="queries">Features of the images to classify.</param>
    /// <param name="neighbours">k.</param>
    /// <param name="temperature">How much more a closer neighbour weighs.</param>
    public static ImagePredictions Classify(
        FeatureMatrix bank, IReadOnlyList<int> labels, int classes, FeatureMatrix queries, int neighbours = DefaultNeighbours, double temperature = DefaultTemperature)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var keys = Unit(bank, 0, bank.Count).t();
        var classOf = tensor(labels.Select(l => (long)l).ToArray());
        var k = Math.Min(neighbours, bank.Count);
        var probabilities = new float[queries.Count * classes];
        for (var first = 0; first < queries.Count; first += Block)
        {
            using var block = NewDisposeScope();
            var count = Math.Min(Block, queries.Count - first);
            var (similarities, nearest) = Unit(queries, first, count).matmul(keys).topk(k);
            var weights = nn.functional.softmax(similarities / temperature, 1);
            var votes = zeros(count, classes).scatter_add(1, classOf[nearest], weights);
            votes.data<float>().CopyTo(probabilities, first * classes);
        }

        return new ImagePredictions(probabilities, classes);
    }

    private static Tensor Unit(FeatureMatrix features, int first, int count)
    {
        var values = features.Values.AsSpan(first * features.Width, count * features.Width).ToArray();
        return nn.functional.normalize(tensor(values, [count, features.Width]), 2, 1);
    }
}
