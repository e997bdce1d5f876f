namespace OneFractal.Cli.Settings;

/// <summary>Options that several verbs have, so that they are called the same in each.</summary>
internal static class OptionNames
{
    public const string Device = "--device <DEVICE>";
    public const string Threads = "--threads <N>";
    public const string Install = "--install";
    public const string NodePackages = "--node-packages <FOLDER>";
    public const string Workers = "--workers <N>";
    public const string Seed = "--seed <N>";
    public const string Output = "-o|--output <PATH>";
    public const string Json = "--json";
    public const string Backbone = "--backbone <NAME>";
    public const string HeadAt = "--head-at <NAME>";
    public const string PixelMax = "--pixel-max <VALUE>";
    public const string Mean = "--mean <R,G,B>";
    public const string Std = "--std <R,G,B>";
    public const string Bgr = "--bgr";
    public const string Weights = "--weights <FILE>";
    public const string Recipe = "--recipe <NAME>";
    public const string Optimizer = "--opt <NAME>";
    public const string Momentum = "--momentum <M>";
    public const string WeightDecay = "--weight-decay <W>";
    public const string LayerDecay = "--layer-decay <FACTOR>";
    public const string EmaDecay = "--ema <DECAY>";
    public const string ClipGradient = "--clip-grad <NORM>";
    public const string DropPath = "--drop-path <RATE>";
    public const string Steps = "--steps <N>";
    public const string Labelled = "--labelled <N>";
    public const string Validation = "--validation <N>";
    public const string Classes = "--classes <N>";
    public const string Size = "--size <PIXELS>";
    public const string Points = "--points <N>";
    public const string Maps = "--maps <N>";
    public const string Sigma = "--sigma <VALUE>";
    public const string Delta = "--delta <VALUE>";
    public const string Perturbation = "--perturbation <KIND>";
}
