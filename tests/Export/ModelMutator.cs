using Google.Protobuf;
using OneFractal.Export.Onnx;

namespace OneFractal.Tests.Export;

/// <summary>Damages model files as disks, transfers and attackers do: bytes, lengths, pieces, and what the message says.</summary>
internal sealed class ModelMutator(int seed, IReadOnlyList<string> operators)
{
    private static readonly long[] Extremes =
    [
        0, 1, -1, 2, 3, 4, 7, 63, 64, 255, 1000, 65536, int.MaxValue, int.MinValue, 1L << 31, 1L << 32, 1L << 40, 1L << 62, long.MaxValue, long.MinValue, long.MinValue + 1, -2, -5,
    ];

    private static readonly float[] ExtremeFloats = [0, -0f, 1, -1, 0.5f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.Epsilon, 1e30f];
    private static readonly string[] Strings = ["", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "linear", "cubic", "reflect", "edge", "wrap", "constant", "\0", "tanh", "ij,jk->ik", "mul", "x\n"];
    private readonly Random _random = new(seed);

    /// <summary>A damaged copy.</summary>
    public byte[] Mutate(byte[] file)
    {
        var kind = _random.Next(10);
        if (kind < 5 && TryStructured(file) is { } structured)
        {
            return structured;
        }

        var bytes = file.ToList();
        for (var i = _random.Next(1, 4); i > 0 && bytes.Count > 0; i--)
        {
            // Weights are most of a file and tell little: the places of lengths, names and numbers are at its ends.
            var span = Math.Min(bytes.Count, 2000);
            var at = _random.Next(3) switch { 0 => _random.Next(bytes.Count), 1 => _random.Next(span), _ => bytes.Count - 1 - _random.Next(span) };
            switch (_random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1:
                    bytes[at] = Pick<byte>([0, 1, 0x7f, 0x80, 0xff, (byte)_random.Next(256)]);
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 3:
                    // A length, or any number, that goes to the end of what a number can be.
                    bytes.InsertRange(at, Pick<byte[]>([[0xff, 0xff, 0xff, 0xff, 0x07], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0x80, 0x80, 0x80, 0x80, 0x10]]));
                    break;
                case 4:
                    var length = Math.Min(_random.Next(1, 200), bytes.Count - at);
                    var piece = bytes.GetRange(at, length);
                    bytes.InsertRange(_random.Next(bytes.Count), piece);
                    break;
                default:
                    bytes.RemoveRange(at, Math.Min(_random.Next(1, 200), bytes.Count - at));
                    break;
            }
        }

        return [.. bytes];
    }

    private byte[]? TryStructured(byte[] file)
    {
        var model = ModelProto.Parser.ParseFrom(file);
        for (var i = _random.Next(1, 4); i > 0; i--)
        {
            Change(model);
        }

        return model.ToByteArray();
    }

    private void Change(ModelProto model)
    {
        var graph = model.Graph;
        var what = _random.Next(16);
        if (graph.Node.Count == 0 || what == 0)
        {
            ChangeModel(model);
        }
        else if (what <= 3 && graph.Initializer.Count > 0)
        {
            ChangeTensor(Pick(graph.Initializer));
        }
        else if (what <= 5 && graph.Input.Count > 0)
        {
            ChangeDeclaration(Pick([.. graph.Input, .. graph.Output, .. graph.ValueInfo]));
        }
        else if (what <= 9 && graph.Node.Where(n => n.Attribute.Count > 0).ToArray() is { Length: > 0 } nodes)
        {
            ChangeAttribute(Pick(nodes));
        }
        else
        {
            ChangeNode(graph, Pick(graph.Node));
        }
    }

    private void ChangeModel(ModelProto model)
    {
        var graph = model.Graph;
        switch (_random.Next(7))
        {
            case 0 when model.OpsetImport.Count > 0:
                Pick(model.OpsetImport).Version = _random.Next(3) == 0 ? Pick(Extremes) : _random.Next(7, 27);
                break;
            case 1:
                model.IrVersion = Pick(Extremes);
                break;
            case 2 when model.MetadataProps.Count > 0:
                var property = Pick(model.MetadataProps);
                property.Value = property.Value.Length > 0 && _random.Next(2) == 0 ? property.Value[_random.Next(property.Value.Length)..] : Pick(Strings);
                break;
            case 3 when graph.Initializer.Count > 0:
                graph.Initializer.RemoveAt(_random.Next(graph.Initializer.Count));
                break;
            case 4 when graph.Input.Count > 0:
                graph.Input.RemoveAt(_random.Next(graph.Input.Count));
                break;
            case 5 when graph.Initializer.Count > 0:
                graph.Initializer.Add(Pick(graph.Initializer).Clone());
                break;
            default:
                graph.Output.Add(new ValueInfoProto { Name = AnyValue(graph) });
                break;
        }
    }

    private void ChangeTensor(TensorProto tensor)
    {
        switch (_random.Next(7))
        {
            case 0 when tensor.Dims.Count > 0:
                tensor.Dims[_random.Next(tensor.Dims.Count)] = Pick(Extremes);
                break;
            case 1:
                tensor.DataType = _random.Next(28);
                break;
            case 2:
                tensor.Dims.Insert(_random.Next(tensor.Dims.Count + 1), 1);
                break;
            case 3 when tensor.ExternalData.Count > 0:
                Pick(tensor.ExternalData).Value = _random.Next(2) == 0 ? Pick(Extremes).ToString(System.Globalization.CultureInfo.InvariantCulture) : Pick(Strings);
                break;
            case 4 when tensor.Dims.Count > 1:
                (tensor.Dims[0], tensor.Dims[^1]) = (tensor.Dims[^1], tensor.Dims[0]);
                break;
            case 5 when tensor.Dims.Count > 0 && tensor.DataType == (int)TensorProto.Types.DataType.Int64 && tensor.RawData.Length >= 8:
                var bytes = tensor.RawData.ToByteArray();
                BitConverter.TryWriteBytes(bytes.AsSpan(8 * _random.Next(bytes.Length / 8)), Pick(Extremes));
                tensor.RawData = ByteString.CopyFrom(bytes);
                break;
            default:
                tensor.RawData = ByteString.CopyFrom(tensor.RawData.Span[..(tensor.RawData.Length / 2)]);
                break;
        }
    }

    private void ChangeDeclaration(ValueInfoProto value)
    {
        if (value.Type?.TensorType is not { } tensor)
        {
            value.Name += "?";
            return;
        }

        switch (_random.Next(5))
        {
            case 0:
                tensor.ElemType = _random.Next(28);
                break;
            case 1:
                tensor.Shape = null;
                break;
            case 2:
                (tensor.Shape ??= new TensorShapeProto()).Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = Pick(Extremes) });
                break;
            case 3 when tensor.Shape?.Dim.Count > 0:
                Pick(tensor.Shape.Dim).DimValue = _random.Next(2) == 0 ? Pick(Extremes) : _random.Next(1, 9);
                break;
            case 4 when tensor.Shape?.Dim.Count > 0:
                tensor.Shape.Dim.RemoveAt(_random.Next(tensor.Shape.Dim.Count));
                break;
            default:
                value.Type = null;
                break;
        }
    }

    private void ChangeAttribute(NodeProto node)
    {
        var attribute = Pick(node.Attribute);
        switch (_random.Next(8))
        {
            case 0:
                node.Attribute.Remove(attribute);
                break;
            case 1:
                attribute.Type = (AttributeProto.Types.AttributeType)_random.Next(15);
                break;
            case 2:
                attribute.Name = Pick(["axis", "axes", "pads", "kernel_shape", "strides", "value", "mode", "to", "keepdims", "group", "perm", attribute.Name + "s"]);
                break;
            case 3 when attribute.Ints.Count > 0:
                attribute.Ints.RemoveAt(0);
                break;
            case 4 when attribute.T is not null:
                ChangeTensor(attribute.T);
                break;
            case 5:
                attribute.Ints.Add(Pick(Extremes));
                break;
            default:
                if (attribute.HasI)
                {
                    attribute.I = Pick(Extremes);
                }
                else if (attribute.HasF)
                {
                    attribute.F = Pick(ExtremeFloats);
                }
                else if (attribute.HasS)
                {
                    attribute.S = ByteString.CopyFromUtf8(Pick(Strings));
                }
                else if (attribute.Ints.Count > 0)
                {
                    attribute.Ints[_random.Next(attribute.Ints.Count)] = Pick(Extremes);
                }

                break;
        }
    }

    private void ChangeNode(GraphProto graph, NodeProto node)
    {
        switch (_random.Next(11))
        {
            case 0 or 1:
                node.OpType = Pick(operators);
                break;
            case 2 or 3 when node.Input.Count > 0:
                node.Input[_random.Next(node.Input.Count)] = _random.Next(5) == 0 ? "" : AnyValue(graph);
                break;
            case 4 when node.Input.Count > 0:
                node.Input.RemoveAt(_random.Next(node.Input.Count));
                break;
            case 5:
                node.Input.Insert(_random.Next(node.Input.Count + 1), AnyValue(graph));
                break;
            case 6 when node.Output.Count > 0:
                node.Output[_random.Next(node.Output.Count)] = _random.Next(2) == 0 ? "" : AnyValue(graph);
                break;
            case 7:
                node.Output.Add($"more{_random.Next()}");
                break;
            case 8:
                graph.Node.Remove(node);
                break;
            case 9:
                var body = new GraphProto { Name = "body" };
                body.Node.Add(node.Clone());
                node.Attribute.Add(new AttributeProto { Name = $"body{_random.Next()}", Type = AttributeProto.Types.AttributeType.Graph, G = body });
                break;
            default:
                node.Domain = Pick(["", "ai.onnx", "com.microsoft"]);
                break;
        }
    }

    private string AnyValue(GraphProto graph)
    {
        string[] values = [.. graph.Node.SelectMany(n => n.Output), .. graph.Initializer.Select(t => t.Name), .. graph.Input.Select(i => i.Name)];
        return values.Length > 0 ? Pick(values) : "x";
    }

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    private T Pick<T>(Google.Protobuf.Collections.RepeatedField<T> items) => items[_random.Next(items.Count)];
}
