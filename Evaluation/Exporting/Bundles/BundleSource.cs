using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Evaluation;

/// <summary>What a bundle is made of.</summary>
/// <param name="Trained">The model with its weights under timm's names.</param>
/// <param name="Variants">The graphs to deploy, one for each precision that was asked for.</param>
/// <param name="Metadata">How the model is fed, and its labels.</param>
/// <param name="External">Whether weights go into a file beside the graph.</param>
/// <param name="Name">What the model is called: the last part of the folder.</param>
/// <param name="Packages">Packages of Node.js that go with a web page, or null.</param>
internal sealed record BundleSource(
    OnnxModel Trained, IReadOnlyList<(ExportPrecision Precision, OnnxModel Model)> Variants, ModelMetadata Metadata, bool External, string Name,
    NodePackages? Packages)
{
    private static readonly string[] Taken =
        ["env", "image", "images", "input", "inputs", "memory", "net", "options", "ort", "output", "outputs", "pixels", "session", "shape"];

    /// <summary>The graph to deploy, where there is one.</summary>
    public OnnxModel Deployed => Variants[0].Model;

    /// <summary>The graph's one input.</summary>
    public TensorInfo Input => TensorInfo.From(OutputReader.Input(Deployed))!;

    /// <summary>Its name.</summary>
    public string InputName => OutputReader.Input(Deployed).Name;

    /// <summary>Name of the graph's first output.</summary>
    public string OutputName => Deployed.Graph.Output[0].Name;

    /// <summary>That name as one of a variable in C, C++, C# and Python, which no other variable of the READMEs has.</summary>
    public string OutputVariable
    {
        get
        {
            var name = string.Concat(OutputName.Select((c, i) => char.IsAsciiLetter(c) || (i > 0 && char.IsAsciiDigit(c)) ? c : '_'));
            return Taken.Contains(name) ? $"{name}_values" : name;
        }
    }

    /// <summary>The only batch size that the graph takes, or null.</summary>
    public int? Batch => (int?)Input.Shape![0].Value;

    /// <summary>Whether the graph takes uint8 [batch, height, width, 3].</summary>
    public bool TakesPixels => Input.Type == DataType.Uint8;

    /// <summary>The files of a deployed graph.</summary>
    public IEnumerable<BundleFile> Model(string name, OnnxModel? model = null) => ModelFiles.Of(model ?? Deployed, External).Select(f => f with { Name = name + f.Name });
}
