using System.Buffers.Binary;
using System.Text;

namespace OneFractal.Export;

/// <summary>
/// Reads the pickle of a PyTorch state dict: protocol 2, which <c>torch.save</c> writes, and of it only what a state dict needs, as
/// <c>torch.load(weights_only=True)</c> does. A pickle is a program for a stack machine that may name any function. This one knows the names in
/// <see cref="Globals"/>, calls nothing, and refuses the rest. TorchSharp.PyBridge is not used for it: its unpickler takes the memory that the file asks for, builds
/// any class it does not know, and reads views (strides, offsets, shared storages) and scalars wrongly.
/// </summary>
internal sealed class StateDictUnpickler(ReadOnlyMemory<byte> pickle)
{
    private static readonly Dictionary<string, object> Globals = new()
    {
        ["collections.OrderedDict"] = PickledCall.OrderedDict,
        ["torch._utils._rebuild_tensor_v2"] = PickledCall.RebuildTensor,
        ["torch._utils._rebuild_parameter"] = PickledCall.RebuildParameter,
        ["argparse.Namespace"] = PickledCall.Namespace,
        ["torch.DoubleStorage"] = DataType.Double,
        ["torch.FloatStorage"] = DataType.Float,
        ["torch.HalfStorage"] = DataType.Float16,
        ["torch.BFloat16Storage"] = DataType.Bfloat16,
        ["torch.LongStorage"] = DataType.Int64,
        ["torch.IntStorage"] = DataType.Int32,
        ["torch.ShortStorage"] = DataType.Int16,
        ["torch.CharStorage"] = DataType.Int8,
        ["torch.ByteStorage"] = DataType.Uint8,
        ["torch.BoolStorage"] = DataType.Bool,
    };

    // Throws on bytes that are no UTF-8.
    private static readonly UTF8Encoding Utf8 = new(false, true);

    private readonly Stack<int> _marks = [];
    private readonly List<object?> _memo = [];
    private readonly List<object?> _stack = [];
    private int _at;

    /// <summary>PyTorch's class for the memory of a tensor.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public static string StorageOf(TensorProto tensor)
    {
        var type = tensor.ElementType();
        return Globals.FirstOrDefault(g => g.Value is DataType known && known == type).Key?.Split('.')[1]
            ?? throw new ModelException($"Tensor '{tensor.Name}' of type {type} has no form in PyTorch's files.");
    }

    /// <summary>
    /// The object: a <see cref="PickledDictionary"/>, <see cref="PickledTensor"/>, string, long, double, bool, array (a tuple), list or null.
    /// </summary>
    /// <exception cref="FormatException">The pickle is damaged, or asks for more than a state dict needs.</exception>
    public object? Read()
    {
        while (true)
        {
            var code = (char)Take(1)[0];
            switch (code)
            {
                case '.':
                    return Pop();
                case '\x80':
                    var protocol = Take(1)[0];
                    if (protocol != 2)
                    {
                        throw new FormatException($"it is a pickle of protocol {protocol}, and torch.save writes 2");
                    }

                    break;
                case '(':
                    _marks.Push(_stack.Count);
                    break;
                case 'N':
                    _stack.Add(null);
                    break;
                case '\x88' or '\x89':
                    _stack.Add(code == '\x88');
                    break;
                case 'K':
                    _stack.Add((long)Take(1)[0]);
                    break;
                case 'M':
                    _stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                    break;
                case 'J':
                    _stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                    break;
                case '\x8a':
                    _stack.Add(ReadLong(Take(Take(1)[0])));
                    break;
                case 'G':
                    _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                    break;
                case 'X':
                    _stack.Add(Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))));
                    break;
                case 'q' or 'r':
                    Remember(ReadIndex(code == 'q'), Top());
                    break;
                case 'h' or 'j':
                    var index = ReadIndex(code == 'h');
                    _stack.Add(index < _memo.Count ? _memo[(int)index] : throw new FormatException("it refers to what it does not hold"));
                    break;
                case ')':
                    _stack.Add(Array.Empty<object?>());
                    break;
                case '\x85' or '\x86' or '\x87':
                    _stack.Add(PopLast(code - '\x84'));
                    break;
                case 't':
                    _stack.Add(PopMarked());
                    break;
                case '}':
                    _stack.Add(new PickledDictionary());
                    break;
                case ']':
                    _stack.Add(new List<object?>());
                    break;
                case 'a':
                    var item = Pop();
                    Top<List<object?>>().Add(item);
                    break;
                case 'e':
                    var items = PopMarked();
                    Top<List<object?>>().AddRange(items);
                    break;
                case 's':
                    SetItems(PopLast(2));
                    break;
                case 'u':
                    SetItems(PopMarked());
                    break;
                case 'c':
                    _stack.Add(ReadGlobal());
                    break;
                case 'Q':
                    _stack.Add(LoadStorage(Pop()));
                    break;
                case 'R' or '\x81':
                    var arguments = Pop<object?[]>();
                    _stack.Add(Make(Pop<PickledCall>(), arguments));
                    break;
                case 'b':
                    // Attributes of an OrderedDict (modules' versions) or a Namespace.
                    Pop();
                    Top<PickledDictionary>();
                    break;
                default:
                    throw new FormatException($"a state dict does not need the pickle instruction 0x{(int)code:x2}");
            }
        }
    }

    private static object? Make(PickledCall call, object?[] arguments) => (call, arguments) switch
    {
        (PickledCall.OrderedDict or PickledCall.Namespace, []) => new PickledDictionary(),
        (PickledCall.RebuildTensor, [PickledStorage storage, long offset, object?[] size, object?[] stride, ..]) =>
            new PickledTensor(storage, offset, Longs(size), Longs(stride)),
        (PickledCall.RebuildParameter, [PickledTensor tensor, ..]) => tensor,
        _ => throw new FormatException($"{call} is called with what it does not take"),
    };

    private static PickledStorage LoadStorage(object? id)
    {
        return id is object?[] and ["storage", DataType type, string key, string, long length]
            ? new PickledStorage(type, key, length)
            : throw new FormatException("it refers to something that is no storage");
    }

    private static long[] Longs(object?[] tuple) => [.. tuple.Select(v => v is long number ? number : throw new FormatException("a size is no whole number"))];

    private static string Text(ReadOnlySpan<byte> bytes) => Utf8.GetString(bytes);

    private static long ReadLong(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > 8)
        {
            return bytes.IsEmpty ? 0 : throw new FormatException("a number is too large");
        }

        Span<byte> whole = stackalloc byte[8];
        whole.Fill(bytes[^1] >= 0x80 ? (byte)0xff : (byte)0);
        bytes.CopyTo(whole);
        return BinaryPrimitives.ReadInt64LittleEndian(whole);
    }

    private object ReadGlobal()
    {
        var name = $"{Text(TakeLine())}.{Text(TakeLine())}";
        return Globals.TryGetValue(name, out var known)
            ? known
            : throw new FormatException($"it asks for '{name}', which weights do not need, so it is not trusted: save the weights alone, with torch.save(model.state_dict(), ...)");
    }

    private void SetItems(object?[] items)
    {
        var target = Top<PickledDictionary>();
        if (items.Length % 2 != 0)
        {
            throw new FormatException("a key has no value");
        }

        for (var i = 0; i < items.Length; i += 2)
        {
            target.Items.Add((items[i], items[i + 1]));
        }
    }

    /// <summary>Numbers are given in their order, so a list holds them.</summary>
    private void Remember(long index, object? value)
    {
        if (index == _memo.Count)
        {
            _memo.Add(value);
            return;
        }

        _memo[index < _memo.Count ? (int)index : throw new FormatException("it numbers its values out of order")] = value;
    }

    private long ReadIndex(bool isShort) => isShort ? Take(1)[0] : BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count > pickle.Length - _at)
        {
            throw new FormatException("the pickle ends too early");
        }

        var bytes = pickle.Span.Slice(_at, (int)count);
        _at += (int)count;
        return bytes;
    }

    private ReadOnlySpan<byte> TakeLine()
    {
        var length = pickle.Span[_at..].IndexOf((byte)'\n');
        var line = Take(length < 0 ? long.MaxValue : length);
        _at++;
        return line;
    }

    /// <summary>The last value since the last mark.</summary>
    private object? Top()
    {
        return _stack.Count > (_marks.TryPeek(out var mark) ? mark : 0) ? _stack[^1] : throw new FormatException("it takes a value that is not there");
    }

    private T Top<T>() => Top() is T value ? value : throw new FormatException("it takes a value of another kind than is there");

    private object? Pop()
    {
        var value = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private T Pop<T>()
    {
        var value = Top<T>();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] PopMarked() => PopLast(_stack.Count - (_marks.TryPop(out var mark) ? mark : throw new FormatException("a mark is missing")));

    private object?[] PopLast(int count)
    {
        if (_stack.Count - (_marks.TryPeek(out var mark) ? mark : 0) < count)
        {
            throw new FormatException("it takes values that are not there");
        }

        var values = _stack.GetRange(_stack.Count - count, count).ToArray();
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }
}
