using OneFractal.Common;

namespace OneFractal.Data.Loading;

/// <summary>
/// The endless sequence of images of a training run in which some classes come oftener than in the data set. Each class has a fixed number of places in an
/// epoch, which is as long as the data set, and fills them from its own endless sequence: every image of a class is seen as often as the others of it.
/// Thread-safe.
/// </summary>
internal sealed class WeightedOrder
{
    private const ulong ClassStream = 0xC1A55;
    private readonly EpochOrder _places;
    private readonly ClassPlaces[] _classes;
    private readonly int[] _firsts;

    /// <summary>An order of <paramref name="dataset"/>'s images.</summary>
    /// <param name="dataset">Whose classes count; no image is loaded.</param>
    /// <param name="factors">How often the images of each class come, in proportion.</param>
    /// <param name="seed">Decides the order.</param>
    public WeightedOrder(IImageDataset dataset, IReadOnlyList<double> factors, ulong seed)
    {
        var members = dataset.ClassNames.Select(_ => new List<int>()).ToArray();
        for (var i = 0; i < dataset.Count; i++)
        {
            members[dataset.Label(i)].Add(i);
        }

        var total = members.Zip(factors, (m, f) => m.Count * f).Sum();
        var (placed, sum) = (0, 0.0);
        var classes = new List<ClassPlaces>();
        foreach (var (label, own) in members.Index())
        {
            // Cumulative sums are rounded, so that the places add up.
            sum += own.Count * factors[label];
            var end = (int)Math.Round(dataset.Count * (sum / total));
            if (end > placed)
            {
                var passesAnEpoch = (end - placed) / own.Count + 1;
                classes.Add(new ClassPlaces([.. own], placed, end - placed, new EpochOrder(own.Count, RandomStream.Derive(seed, ClassStream, (ulong)label), passesAnEpoch)));
            }

            placed = end;
        }

        _classes = [.. classes];
        _firsts = [.. classes.Select(c => c.First)];
        _places = new EpochOrder(dataset.Count, seed);
    }

    /// <summary>The image at <paramref name="position"/>, and how often it came before.</summary>
    public (int Index, long Pass) At(long position)
    {
        var (place, epoch) = _places.At(position);
        var found = Array.BinarySearch(_firsts, place);
        var own = _classes[found >= 0 ? found : ~found - 1];
        var (member, pass) = own.Order.At(epoch * own.Count + place - own.First);
        return (own.Members[member], pass);
    }

    private sealed record ClassPlaces(int[] Members, int First, int Count, EpochOrder Order);
}
