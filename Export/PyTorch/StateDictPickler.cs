using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace OneFractal.Export;

/// <summary>Writes the pickle of a PyTorch state dict with the instructions that <c>torch.save</c> uses (protocol 2), without its memo.</summary>
internal sealed class StateDictPickler
{
    private readonly MemoryStream _out = new();

    private StateDictPickler()
    {
    }

    /// <summary>An <c>OrderedDict</c> of contiguous tensors; the storage of the n-th is called n.</summary>
    /// <exception cref="ModelException">A type has no storage in PyTorch.</exception>
    public static byte[] Write(IReadOnlyList<TensorProto> tensors)
    {
        var pickler = new StateDictPickler();
        pickler.Code("\x80\x02");
        pickler.EmptyOrderedDict();
        pickler.Code("(");
        for (var i = 0; i < tensors.Count; i++)
        {
            pickler.Text(tensors[i].Name);
            pickler.Tensor(tensors[i], i.ToString(CultureInfo.InvariantCulture));
        }

        pickler.Code("u.");
        return pickler._out.ToArray();
    }

    /// <summary><c>_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)</c>.</summary>
    private void Tensor(TensorProto tensor, string key)
    {
        var strides = new long[tensor.Dims.Count];
        long stride = 1;
        for (var i = strides.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= Math.Max(1, tensor.Dims[i]);
        }

        Code("ctorch._utils\n_rebuild_tensor_v2\n((");
        Text("storage");
        Code($"ctorch\n{StateDictUnpickler.StorageOf(tensor)}\n");
        Text(key);
        Text("cpu");
        Integer(tensor.ElementCount());
        Code("tQ");
        Integer(0);
        Tuple(tensor.Dims);
        Tuple(strides);
        Code("\x89");
        EmptyOrderedDict();
        Code("tR");
    }

    private void EmptyOrderedDict() => Code("ccollections\nOrderedDict\n)R");

    private void Tuple(IEnumerable<long> values)
    {
        Code("(");
        foreach (var value in values)
        {
            Integer(value);
        }

        Code("t");
    }

    private void Integer(long value)
    {
        Code("J");
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)value);
        _out.Write(bytes);
    }

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Code("X");
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        _out.Write(length);
        _out.Write(bytes);
    }

    private void Code(string instructions) => _out.Write(Encoding.Latin1.GetBytes(instructions));
}
