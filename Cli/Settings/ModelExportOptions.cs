using System.ComponentModel;
using System.Globalization;
using OneFractal.Evaluation;
using OneFractal.Export;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>export</c>: the model and the file.</summary>
internal abstract class ModelExportOptions : VerbSettings
{
    [CommandArgument(0, "<MODEL>")]
    [Description("A trained model: a run's backbone.onnx or classifier.onnx; or what --train-step wrote: the classifier that it trains")]
    public required string Model { get; init; }

    [CommandOption(OptionNames.Output)]
    [Description("The .onnx file to write, its metadata in a .json file beside it; or .safetensors or .pth (.pt, .bin): the weights alone, under timm's names; with --for a folder")]
    public string? Output { get; init; }

    [CommandOption("--batch <N>")]
    [Description("dynamic, or the only batch size the file takes (OpenCV DNN needs one); with --train-step the images of a step (the recipe's)")]
    [DefaultValue("dynamic")]
    public required string Batch { get; init; }

    [CommandOption(OptionNames.Size)]
    [Description("Height and width of the images in pixels: position embeddings are resampled; dynamic for ViTs and ResNets that shall take any (default: the model's own)")]
    public string? Size { get; init; }

    [CommandOption("--features")]
    [Description("Take the head off: the output is the pooled features")]
    public bool Features { get; init; }

    [CommandOption("--tokens")]
    [Description("Take head and pooling off: the output is all tokens, or the last map")]
    public bool Tokens { get; init; }

    [CommandOption("--stages")]
    [Description("An output for each stage, or for each block of a network without stages, by its name in timm")]
    public bool Stages { get; init; }

    [CommandOption("--softmax")]
    [Description("The output is the class probabilities")]
    public bool Softmax { get; init; }

    [CommandOption("--precision <LIST>")]
    [Description("fp32, fp16, bf16 (weights stored in it, computed as fp32), int8 (activations quantised as it runs, by the range of the whole batch: an image's scores depend a little on its neighbours), int8-static (ranges calibrated on --data or --images); several by comma, a file each")]
    [DefaultValue("fp32")]
    public required string Precision { get; init; }

    [CommandOption("--opset <N>")]
    [Description("13 to 21 (default: 17, or the model's own; 18 with --embed-preprocessing or --size dynamic)")]
    public int? Opset { get; init; }

    [CommandOption("--embed-preprocessing")]
    [Description("Resize, crop and normalise in the graph, which then takes uint8 [[batch, height, width, 3]] of any size")]
    public bool EmbedPreprocessing { get; init; }

    [CommandOption("--external-data")]
    [Description("Keep the weights in a .data file beside the graph (above 2 GiB always)")]
    public bool ExternalData { get; init; }

    [CommandOption("--for <STACK>")]
    [Description("Write a folder with all that a stack expects, new, empty or an older export's: onnxruntime, triton, opencv, web, timm or huggingface")]
    public BundleKind? For { get; init; }

    [CommandOption(OptionNames.Install)]
    [Description("For web: first install onnxruntime-web with npm, which the page needs")]
    public bool Install { get; init; }

    [CommandOption(OptionNames.NodePackages)]
    [Description("For web: a folder whose node_modules has it (default: where --install puts it)")]
    public string? NodePackages { get; init; }

    [CommandOption("--data <DATA>")]
    [Description("Labelled images, as finetune takes them: precisions are compared by their accuracy on the test images and calibrated on training images")]
    public string? Data { get; init; }

    [CommandOption("--images <PATH>")]
    [Description("Images without labels to compare and calibrate on (default: to compare, fractals)")]
    public string? Images { get; init; }

    [CommandOption("--test-images <N>")]
    [Description("Compare on this many images, each class its share (default: all)")]
    [AtLeast(1)]
    public int? TestImages { get; init; }

    [CommandOption("--calibration-images <N>")]
    [Description("Calibrate int8-static on this many images")]
    [DefaultValue(256)]
    [AtLeast(1)]
    public int CalibrationImages { get; init; }

    [CommandOption(OptionNames.Weights)]
    [Description("Put these weights in first: .safetensors or PyTorch's .pth, .pt or .bin, for instance the state that a train step was trained to")]
    public string? Weights { get; init; }

    /// <summary>What the options say of a deployment file.</summary>
    /// <param name="batch">The only batch size, or null for any.</param>
    /// <param name="foreign">What the options say of a foreign model, or null when they say nothing.</param>
    /// <exception cref="UsageException">A value is out of range, or two options exclude each other.</exception>
    protected ModelExportSettings Resolve(int? batch, ForeignModelSettings? foreign)
    {
        (bool Given, ModelOutput Output, string Option)[] outputs =
        [
            (Features, ModelOutput.Features, "--features"), (Tokens, ModelOutput.Tokens, "--tokens"), (Stages, ModelOutput.Stages, "--stages"),
            (Softmax, ModelOutput.Probabilities, "--softmax"),
        ];
        string[] given = [.. outputs.Where(o => o.Given).Select(o => o.Option)];
        if (given.Length > 1)
        {
            throw new UsageException($"{string.Join(" and ", given)} are different outputs: choose one.");
        }

        if ((Install || NodePackages is not null) && For != BundleKind.Web)
        {
            throw new UsageException("--install and --node-packages are of --for web.");
        }

        return new ModelExportSettings
        {
            Batch = batch,
            Size = ParseSize(),
            AnySize = IsDynamic(Size),
            Output = outputs.FirstOrDefault(o => o.Given).Output,
            Precisions = ExportPrecisions.Parse(Precision),
            Opset = Opset,
            EmbedPreprocessing = EmbedPreprocessing,
            ExternalData = ExternalData,
            For = For,
            NodePackages = NodePackages,
            Data = Data,
            Images = Images,
            TestImages = TestImages,
            CalibrationImages = CalibrationImages,
            Weights = Weights,
            Foreign = foreign,
        };
    }

    /// <summary>The image size in pixels, or null where none or any is asked for.</summary>
    /// <exception cref="UsageException">Neither a size nor 'dynamic'.</exception>
    protected int? ParseSize()
    {
        return Size is null || IsDynamic(Size) ? null
            : int.TryParse(Size, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0 ? size
            : throw new UsageException($"--size: '{Size}' is neither 'dynamic' nor a number from 1 on.");
    }

    private static bool IsDynamic(string? text) => "dynamic".Equals(text, StringComparison.OrdinalIgnoreCase);
}
