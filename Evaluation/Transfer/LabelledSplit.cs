using OneFractal.Data;
using OneFractal.Data.Readers;

namespace OneFractal.Evaluation;

/// <summary>The labelled images of a run, by their index in the training images of a data set.</summary>
/// <param name="Training">What is learnt from.</param>
/// <param name="Validation">What settings are chosen by.</param>
internal sealed record LabelledSplit(int[] Training, int[] Validation)
{
    private const ulong LabelledStream = 0x1ABE1, ValidationStream = 0x7A11D;

    // CoOp (arXiv 2109.01134, section 4.1) takes as many validation images a class as there are to learn from, at most 4.
    private const int MostShotsHeldOut = 4;

    /// <summary>All labelled images, in the order of the data set.</summary>
    public int[] All => [.. Training.Concat(Validation).Order()];

    /// <summary><paramref name="labelled"/> images, each class its share, of which <paramref name="validation"/> are held out.</summary>
    public static LabelledSplit Share(IImageDataset pool, int labelled, int validation, ulong seed)
    {
        var all = SubsetDataset.Stratified(pool, labelled, RandomStream.Derive(seed, LabelledStream));
        var held = SubsetDataset.Stratified(all, validation, RandomStream.Derive(seed, ValidationStream));
        return new LabelledSplit([.. held.Rest().Indices.Select(i => all.Indices[i])], [.. held.Indices.Select(i => all.Indices[i])]);
    }

    /// <summary><paramref name="shots"/> images of each class, and as many others, at most 4, to choose by.</summary>
    /// <exception cref="UsageException">A class has fewer images.</exception>
    public static LabelledSplit PerClass(IImageDataset pool, int shots, ulong seed)
    {
        var training = SubsetDataset.PerClass(pool, shots, RandomStream.Derive(seed, LabelledStream));
        var rest = training.Rest();
        var held = SubsetDataset.PerClass(rest, Math.Min(shots, MostShotsHeldOut), RandomStream.Derive(seed, ValidationStream));
        return new LabelledSplit([.. training.Indices], [.. held.Indices.Select(i => rest.Indices[i])]);
    }
}
