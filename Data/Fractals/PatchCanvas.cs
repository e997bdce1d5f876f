using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace OneFractal.Data.Fractals;

/// <summary>
/// A square image onto which 3×3 patches with holes are pasted, each over what was there. Pasting all nine cells would take three reads and
/// writes a patch; as only the last one at each place can show, the canvas stores just that, with its number, and the image is made once
/// at the end: each pixel takes its bit from the patch with the highest number among the nine that reach it.
/// </summary>
internal sealed unsafe class PatchCanvas
{
    // A cell holds number << 13 | mask << 4; the low bits are free for where a pixel lies in the patch while the image is made.
    private const int MaskShift = 4;
    private const int NumberShift = 13;
    private const byte Grey = 127;
    private static readonly int Block = Vector512<uint>.Count;
    private readonly int _size;
    private readonly uint[] _cells;
    private readonly uint[][] _rows;
    private readonly byte[] _line;
    private uint _number;

    public PatchCanvas(int size)
    {
        _size = size;
        RowLength = (size + Block - 1) / Block * Block;
        // Reading the two cells to the left of the first one must stay inside.
        _cells = GC.AllocateArray<uint>(Block + size * RowLength, pinned: true);
        _rows = [new uint[RowLength], new uint[RowLength], new uint[RowLength]];
        _line = new byte[RowLength];
    }

    /// <summary>Patches that can still be pasted before <see cref="Flatten"/> must be called.</summary>
    public int Room => (int)((uint.MaxValue - _number) >> NumberShift);

    /// <summary>Distance of a place from the one in the next row.</summary>
    public int RowLength { get; }

    /// <summary>The place of a patch whose top left cell is in column 0 of row 0.</summary>
    public int Origin => Block;

    /// <summary>Pastes patches in the given order.</summary>
    /// <param name="places"><c>row · RowLength + column + Origin</c> of each patch's top left cell; at least two columns and rows are right of it and below.</param>
    /// <param name="masks">Nine bits each, row by row, the highest first; not 0.</param>
    public void Paste(ReadOnlySpan<int> places, ReadOnlySpan<ushort> masks)
    {
        fixed (uint* cells = _cells)
        fixed (int* place = places)
        fixed (ushort* mask = masks)
        {
            var number = _number;
            for (nint i = 0; i < masks.Length; i++)
            {
                number += 1u << NumberShift;
                cells[place[i]] = number | (uint)(mask[i] << MaskShift);
            }

            _number = number;
        }
    }

    /// <summary>
    /// Puts the patches pasted since the last call on <paramref name="image"/> (size × size bytes, row by row from the bottom), and forgets them.
    /// </summary>
    /// <param name="image">What was there shows where no patch lies.</param>
    public void Flatten(Span<byte> image)
    {
        foreach (var row in _rows)
        {
            Array.Clear(row);
        }

        for (var row = 0; row < _size; row++)
        {
            var (top, middle, bottom) = (_rows[row % 3], _rows[(row + 2) % 3], _rows[(row + 1) % 3]);
            TakeLatestOfThree(_cells.AsSpan(Origin + row * RowLength - 2, RowLength + 2), top);
            // The published generator turns the finished image upside down.
            var line = image.Slice((_size - 1 - row) * _size, _size);
            if (_size == RowLength)
            {
                WriteLine(top, middle, bottom, line);
                continue;
            }

            line.CopyTo(_line);
            WriteLine(top, middle, bottom, _line);
            _line.AsSpan(0, _size).CopyTo(line);
        }

        _number = 0;
    }

    /// <summary>
    /// For each pixel of a row the latest patch that reaches it along the row, with the column in which the pixel lies. The cells are emptied,
    /// except for the last two, which no patch uses.
    /// </summary>
    private static void TakeLatestOfThree(Span<uint> cells, Span<uint> latest)
    {
        ref var from = ref MemoryMarshal.GetReference(cells);
        ref var to = ref MemoryMarshal.GetReference(latest);
        for (var i = 0; i < latest.Length; i += Block)
        {
            // Bit 0 of a mask's row is its last column, reached from a patch that begins two to the left.
            var last = Vector512.LoadUnsafe(ref from, (nuint)i);
            var centre = Vector512.LoadUnsafe(ref from, (nuint)(i + 1)) + Vector512<uint>.One;
            var first = Vector512.LoadUnsafe(ref from, (nuint)(i + 2)) + Vector512.Create(2u);
            Vector512.Max(Vector512.Max(last, centre), first).StoreUnsafe(ref to, (nuint)i);
            Vector512<uint>.Zero.StoreUnsafe(ref from, (nuint)i);
        }
    }

    /// <summary>For each pixel the latest patch over three rows of patches, and of that the bit.</summary>
    private static void WriteLine(ReadOnlySpan<uint> top, ReadOnlySpan<uint> middle, ReadOnlySpan<uint> bottom, Span<byte> line)
    {
        for (var i = 0; i < line.Length; i += Block)
        {
            var own = Vector512.Create(top.Slice(i, Block)) + Vector512.Create(6u);
            var above = Vector512.Create(middle.Slice(i, Block)) + Vector512.Create(3u);
            var latest = Vector512.Max(Vector512.Max(own, above), Vector512.Create(bottom.Slice(i, Block)));
            if (Vector512.LessThanAll(latest, Vector512.Create(1u << NumberShift)))
            {
                continue;
            }

            var bit = ShiftRight(latest >>> MaskShift, latest & Vector512.Create((1u << MaskShift) - 1)) & Vector512<uint>.One;
            var painted = ToBytes(Vector512.GreaterThanOrEqual(latest, Vector512.Create(1u << NumberShift)));
            var grey = ToBytes(bit * Grey);
            var before = Vector128.Create<byte>(line.Slice(i, Block));
            Vector128.ConditionalSelect(painted, grey, before).CopyTo(line[i..]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> ToBytes(Vector512<uint> values)
    {
        var words = Vector256.Narrow(values.GetLower(), values.GetUpper());
        return Vector128.Narrow(words.GetLower(), words.GetUpper());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> ShiftRight(Vector512<uint> values, Vector512<uint> counts)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.ShiftRightLogicalVariable(values, counts);
        }

        if (Avx2.IsSupported)
        {
            return Vector512.Create(
                Avx2.ShiftRightLogicalVariable(values.GetLower(), counts.GetLower()),
                Avx2.ShiftRightLogicalVariable(values.GetUpper(), counts.GetUpper()));
        }

        // Bit n of a value is set where the value and the n-th of these powers share a bit.
        var powers = Vector512.Create(1u, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768);
        return Vector512.Min(values & Vector512.Shuffle(powers, counts), Vector512<uint>.One);
    }
}
