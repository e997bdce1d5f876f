using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Transforms;

/// <summary>Writes 8-bit pixels as normalised floats, channel by channel, in one pass over the image.</summary>
internal sealed class PixelNormalizer
{
    private const int Block = 16;
    private readonly Preprocessing _preprocessing;
    private readonly float[] _scale;
    private readonly float[] _offset;

    public PixelNormalizer(Preprocessing preprocessing)
    {
        if (preprocessing.Channels is not (1 or 3)
            || preprocessing.Mean.Length != preprocessing.Channels || preprocessing.Std.Length != preprocessing.Channels)
        {
            throw new UsageException($"Preprocessing needs 1 or 3 channels, each with a mean and a standard deviation: {preprocessing}.");
        }

        _preprocessing = preprocessing;
        // (x / 255 − mean) / std as one multiply-add.
        _scale = [.. preprocessing.Std.Select(std => (float)(1 / (255.0 * std)))];
        _offset = [.. preprocessing.Mean.Zip(preprocessing.Std, (mean, std) => (float)(-(double)mean / std))];
    }

    /// <summary>Writes <paramref name="image"/>, which has the model's height and width and 1 or 3 channels, in R, G, B order.</summary>
    public void Write(Mat image, ChannelOrder order, Span<float> pixels)
    {
        if (image.Rows != _preprocessing.Height || image.Cols != _preprocessing.Width || !image.IsContinuous())
        {
            throw new ArgumentException($"Not a continuous {_preprocessing.Width}×{_preprocessing.Height} image: {image}.", nameof(image));
        }

        var source = image.AsSpan<byte>();
        var plane = image.Rows * image.Cols;
        if (image.Channels() == 3)
        {
            WriteInterleaved(source, order, pixels[..(3 * plane)]);
            return;
        }

        for (var channel = 0; channel < _preprocessing.Channels; channel++)
        {
            WritePlane(source, pixels.Slice(channel * plane, plane), _scale[channel], _offset[channel]);
        }
    }

    private static void WritePlane(ReadOnlySpan<byte> source, Span<float> target, float scale, float offset)
    {
        var i = 0;
        for (; i + Block <= source.Length; i += Block)
        {
            WriteBlock(Vector128.Create(source.Slice(i, Block)), target.Slice(i, Block), scale, offset);
        }

        for (; i < source.Length; i++)
        {
            target[i] = source[i] * scale + offset;
        }
    }

    private void WriteInterleaved(ReadOnlySpan<byte> source, ChannelOrder order, Span<float> target)
    {
        var plane = source.Length / 3;
        // Which of the three results the first and the last byte of a pixel belong to.
        var (x, z) = order == ChannelOrder.Rgb ? (0, 2) : (2, 0);
        var first = target.Slice(x * plane, plane);
        var second = target.Slice(plane, plane);
        var third = target.Slice(z * plane, plane);
        var i = 0;
        for (; i + Block <= plane; i += Block)
        {
            var a = Vector128.Create(source.Slice(3 * i, Block));
            var b = Vector128.Create(source.Slice(3 * i + Block, Block));
            var c = Vector128.Create(source.Slice(3 * i + 2 * Block, Block));
            // Byte 3k + channel of the 48 goes to place k; an index outside a vector gives 0.
            var f = Vector128.Shuffle(a, Vector128.Create(0, 3, 6, 9, 12, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(b, Vector128.Create(255, 255, 255, 255, 255, 255, 2, 5, 8, 11, 14, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(c, Vector128.Create(255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 4, 7, 10, 13));
            var s = Vector128.Shuffle(a, Vector128.Create(1, 4, 7, 10, 13, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(b, Vector128.Create(255, 255, 255, 255, 255, 0, 3, 6, 9, 12, 15, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(c, Vector128.Create(255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2, 5, 8, 11, 14));
            var t = Vector128.Shuffle(a, Vector128.Create(2, 5, 8, 11, 14, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(b, Vector128.Create(255, 255, 255, 255, 255, 1, 4, 7, 10, 13, 255, 255, 255, 255, 255, 255))
                | Vector128.Shuffle(c, Vector128.Create(255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 3, 6, 9, 12, 15));
            WriteBlock(f, first.Slice(i, Block), _scale[x], _offset[x]);
            WriteBlock(s, second.Slice(i, Block), _scale[1], _offset[1]);
            WriteBlock(t, third.Slice(i, Block), _scale[z], _offset[z]);
        }

        for (; i < plane; i++)
        {
            first[i] = source[3 * i] * _scale[x] + _offset[x];
            second[i] = source[3 * i + 1] * _scale[1] + _offset[1];
            third[i] = source[3 * i + 2] * _scale[z] + _offset[z];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteBlock(Vector128<byte> bytes, Span<float> target, float scale, float offset)
    {
        var (low, high) = Vector128.Widen(bytes);
        ref var to = ref MemoryMarshal.GetReference(target);
        Convert(low, scale, offset).StoreUnsafe(ref to);
        Convert(high, scale, offset).StoreUnsafe(ref to, 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Convert(Vector128<ushort> words, float scale, float offset)
    {
        var (low, high) = Vector128.Widen(words);
        var numbers = Vector256.ConvertToSingle(Vector256.Create(low, high).AsInt32());
        return numbers * scale + Vector256.Create(offset);
    }
}
