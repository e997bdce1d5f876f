using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using OpenCvSharp;

namespace OneFractal.Data.Transforms;

/// <summary>
/// OpenCV's area average of colour images, bit for bit, several times as fast: a pixel's channels are added up side by side, and only the part that is
/// wanted is computed. Sums are made in OpenCV's order, in float32, with a rounding after each product.
/// </summary>
internal static unsafe class AreaResize
{
    private const int Channels = 3;

    /// <summary>Whether this does what OpenCV does for such an image: where both scales are whole numbers, that adds up in another way.</summary>
    public static bool Supports(Mat source, Size size)
    {
        return Sse41.IsSupported && source.Type() == MatType.CV_8UC3 && size.Width <= source.Cols && size.Height <= source.Rows
            && !(IsWhole(Scale(source.Cols, size.Width)) && IsWhole(Scale(source.Rows, size.Height)));
    }

    /// <summary>Resizes to <paramref name="size"/> and writes the part <paramref name="crop"/> of the result.</summary>
    public static void Resize(Mat source, Mat target, Size size, Rect crop)
    {
        target.Create(crop.Height, crop.Width, MatType.CV_8UC3);
        var (columns, rows) = (Taps.Of(source.Cols, size.Width, crop.X, crop.Width), Taps.Of(source.Rows, size.Height, crop.Y, crop.Height));
        var length = crop.Width * Channels;
        // One more than a row: a pixel is stored as four values, of which the next overwrites the last.
        Span<float> row = new float[length + 1], sum = new float[length + 1];
        var inRow = -1;
        for (var y = 0; y < crop.Height; y++)
        {
            for (var i = rows.First[y]; i < rows.First[y + 1]; i++)
            {
                if (rows.Source[i] != inRow)
                {
                    inRow = rows.Source[i];
                    AddUp((byte*)source.Ptr(inRow), source.Cols, columns, row);
                }

                Add(row, rows.Weight[i], sum, starts: i == rows.First[y]);
            }

            Round(sum[..length], new Span<byte>((byte*)target.Ptr(y), length));
        }
    }

    private static double Scale(int from, int to) => 1 / ((double)to / from);

    private static bool IsWhole(double scale) => Math.Abs(scale - Math.Round(scale)) < Math.BitIncrement(1.0) - 1;

    /// <summary>The weighted sums of a row's pixels.</summary>
    private static void AddUp(byte* pixels, int count, Taps taps, Span<float> row)
    {
        ref var to = ref row[0];
        fixed (int* first = taps.First, sources = taps.Source)
        fixed (float* weights = taps.Weight)
        {
            for (var x = 0; x < taps.First.Length - 1; x++)
            {
                var pixel = Vector128<float>.Zero;
                for (var i = first[x]; i < first[x + 1]; i++)
                {
                    pixel += Load(pixels, sources[i], count) * Vector128.Create(weights[i]);
                }

                pixel.StoreUnsafe(ref to, (nuint)(x * Channels));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Load(byte* pixels, int index, int count)
    {
        var at = pixels + index * Channels;
        // Four bytes are read, and the last pixel has three.
        var bytes = index < count - 1 ? *(uint*)at : at[0] | ((uint)at[1] << 8) | ((uint)at[2] << 16);
        return Vector128.ConvertToSingle(Sse41.ConvertToVector128Int32(Vector128.CreateScalarUnsafe(bytes).AsByte()));
    }

    private static void Add(ReadOnlySpan<float> row, float weight, Span<float> sum, bool starts)
    {
        var i = 0;
        for (; i <= row.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var part = Vector256.Create(row[i..]) * weight;
            (starts ? part : Vector256.Create<float>(sum[i..]) + part).CopyTo(sum[i..]);
        }

        for (; i < row.Length; i++)
        {
            sum[i] = starts ? row[i] * weight : sum[i] + row[i] * weight;
        }
    }

    /// <summary>Rounds halves to even, as OpenCV does.</summary>
    private static void Round(ReadOnlySpan<float> sums, Span<byte> bytes)
    {
        var i = 0;
        for (; i <= sums.Length - 2 * Vector256<float>.Count; i += 2 * Vector256<float>.Count)
        {
            var low = Vector256.ConvertToInt32(Vector256.Round(Vector256.Create(sums[i..])));
            var high = Vector256.ConvertToInt32(Vector256.Round(Vector256.Create(sums[(i + Vector256<float>.Count)..])));
            var words = Vector256.Min(Vector256.Narrow(low, high), Vector256.Create((short)byte.MaxValue)).AsUInt16();
            Vector128.Narrow(words.GetLower(), words.GetUpper()).CopyTo(bytes[i..]);
        }

        for (; i < sums.Length; i++)
        {
            bytes[i] = (byte)Math.Min(MathF.Round(sums[i]), byte.MaxValue);
        }
    }

    /// <summary>Which source pixels each result is the weighted sum of: those from <c>First[x]</c> to before <c>First[x + 1]</c>.</summary>
    private sealed record Taps(int[] First, int[] Source, float[] Weight)
    {
        // What a result covers of a pixel counts when it is more than this.
        private const double Least = 1e-3;

        /// <summary>The results <paramref name="start"/> to before <paramref name="start"/> + <paramref name="count"/> of an axis.</summary>
        public static Taps Of(int from, int to, int start, int count)
        {
            var scale = Scale(from, to);
            var most = count * ((int)Math.Ceiling(scale) + 2);
            var (first, source, weight, at) = (new int[count + 1], new int[most], new float[most], 0);
            for (var x = 0; x < count; x++)
            {
                first[x] = at;
                var low = (start + x) * scale;
                var high = low + scale;
                var width = Math.Min(scale, from - low);
                var last = Math.Min((int)Math.Floor(high), from - 1);
                var next = Math.Min((int)Math.Ceiling(low), last);
                if (next - low > Least)
                {
                    (source[at], weight[at++]) = (next - 1, (float)((next - low) / width));
                }

                for (var i = next; i < last; i++)
                {
                    (source[at], weight[at++]) = (i, (float)(1 / width));
                }

                if (high - last > Least)
                {
                    (source[at], weight[at++]) = (last, (float)(Math.Min(Math.Min(high - last, 1), width) / width));
                }
            }

            first[count] = at;
            return new Taps(first, source, weight);
        }
    }
}
