using OneFractal.Export;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>One of the ONNX project's own backend tests (Debian's libonnx-testdata): a model, its inputs and what it must compute.</summary>
internal sealed record OnnxTestCase(string Name, string ModelPath)
{
    public const string Root = "/usr/share/libonnx-testdata/data";

    /// <summary>All tests of a kind, in the order of their names; empty where the package is not installed.</summary>
    public static OnnxTestCase[] All(string kind = "node")
    {
        var folder = Path.Combine(Root, kind);
        return !Directory.Exists(folder)
            ? []
            : [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Select(d => new OnnxTestCase(Path.GetFileName(d), Path.Combine(d, "model.onnx"))).Where(c => File.Exists(c.ModelPath))];
    }

    /// <summary>The model as it is in the file, unchecked.</summary>
    public ModelProto ReadModel() => ModelProto.Parser.ParseFrom(File.ReadAllBytes(ModelPath));

    /// <summary>The first test's inputs, or outputs, by their position; null for one that is no tensor.</summary>
    public TensorProto?[] ReadTensors(string kind, IReadOnlyList<ValueInfoProto> declarations)
    {
        return
        [
            .. declarations.Select((d, i) => (d, Path: Path.Combine(Path.GetDirectoryName(ModelPath)!, "test_data_set_0", $"{kind}_{i}.pb")))
                .Select(p => p.d.Type?.TensorType is not null && File.Exists(p.Path) ? TensorProto.Parser.ParseFrom(File.ReadAllBytes(p.Path)) : null),
        ];
    }

    /// <summary>The model with its integer inputs as constants (axes, shapes, repeats …) and the other inputs' shapes declared as they are.</summary>
    public ModelProto ReadModelWithConstants()
    {
        var model = ReadModel();
        var inputs = ReadTensors("input", model.Graph.Input);
        foreach (var (declaration, tensor) in model.Graph.Input.ToArray().Zip(inputs))
        {
            if (tensor is null)
            {
                continue;
            }

            if (tensor.ElementType() is DataType.Int64 or DataType.Int32 || (tensor.ElementType() == DataType.Float && tensor.Dims is [<= 4]))
            {
                tensor.Name = declaration.Name;
                model.Graph.Initializer.Add(tensor);
                model.Graph.Input.Remove(declaration);
            }
            else
            {
                declaration.Type = new TensorInfo(tensor.ElementType(), [.. tensor.Dims.Select(d => new Dim(d))]).ToProto("").Type;
            }
        }

        return model;
    }
}
