using System.Globalization;
using Google.Protobuf;

namespace OneFractal.Export;

/// <summary>
/// A model and its large tensors apart, the form of a model that is larger than a protobuf message can be: the message names another file beside it,
/// which holds the tensors one after the other.
/// </summary>
internal sealed class ExternalDataSplit
{
    // Smaller tensors stay in the message, as elsewhere; runtimes map the others into memory page by page.
    private const int SmallestTensor = 1024, Alignment = 4096;

    private readonly List<ByteString> _tensors = [];

    /// <summary>Splits a copy of <paramref name="proto"/>, in which <paramref name="location"/> is the data file's name. Tensors are not copied.</summary>
    public ExternalDataSplit(ModelProto proto, string location)
    {
        Proto = proto.Clone();
        long offset = 0;
        foreach (var tensor in Proto.Graph.Tensors().Where(t => t.RawData.Length >= SmallestTensor))
        {
            _tensors.Add(tensor.RawData);
            AddEntry(tensor, "location", location);
            AddEntry(tensor, "offset", offset.ToString(CultureInfo.InvariantCulture));
            AddEntry(tensor, "length", tensor.RawData.Length.ToString(CultureInfo.InvariantCulture));
            DataLength += tensor.RawData.Length;
            offset = Aligned(offset + tensor.RawData.Length);
            tensor.ClearRawData();
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
        }
    }

    /// <summary>The message without the large tensors.</summary>
    public ModelProto Proto { get; }

    /// <summary>Bytes of the large tensors.</summary>
    public long DataLength { get; }

    /// <summary>Whether the message with everything in it is at most <paramref name="limit"/> bytes.</summary>
    public bool FitsInline(long limit) => DataLength <= limit && DataLength + Proto.CalculateSize() <= limit;

    /// <summary>Writes the data file's content.</summary>
    public void WriteData(Stream stream)
    {
        long offset = 0;
        foreach (var tensor in _tensors)
        {
            stream.Write(new byte[Aligned(offset) - offset]);
            stream.Write(tensor.Span);
            offset = Aligned(offset) + tensor.Length;
        }
    }

    private static void AddEntry(TensorProto tensor, string key, string value)
    {
        tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
    }

    private static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}
