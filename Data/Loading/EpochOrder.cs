using System.Collections.Concurrent;
using OneFractal.Common;

namespace OneFractal.Data.Loading;

/// <summary>The endless sequence of images of a training run: one seeded permutation of the data set after another. Thread-safe.</summary>
/// <param name="count">Number of images.</param>
/// <param name="seed">Decides the permutations.</param>
/// <param name="readAtOnce">How many permutations a reader goes about in at a time.</param>
internal sealed class EpochOrder(int count, ulong seed, int readAtOnce = 1)
{
    private const ulong OrderStream = 0x0DE5;
    private const int Kept = 4;
    private readonly ConcurrentDictionary<long, int[]> _permutations = new();

    /// <summary>The image at <paramref name="position"/>, and the epoch it belongs to.</summary>
    public (int Index, long Epoch) At(long position)
    {
        var epoch = position / count;
        return (Permutation(epoch)[position % count], epoch);
    }

    private int[] Permutation(long epoch)
    {
        if (_permutations.TryGetValue(epoch, out var permutation))
        {
            return permutation;
        }

        permutation = [.. Enumerable.Range(0, count)];
        new RandomStream(seed, OrderStream, (ulong)epoch).Shuffle<int>(permutation);
        _permutations.TryAdd(epoch, permutation);
        // Workers are at most a few epochs apart unless the data set is tiny, and then a permutation is cheap to make again.
        foreach (var old in _permutations.Keys.Where(key => key < epoch - Kept * readAtOnce))
        {
            _permutations.TryRemove(old, out _);
        }

        return permutation;
    }
}
