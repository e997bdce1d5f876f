namespace OneFractal.Cli.Settings;

/// <summary>Options that several verbs have, so that they are called the same in each.</summary>
internal static class OptionNames
{
    public const string Device = "--device <DEVICE>";
    public const string Threads = "--threads <N>";
    public const string Workers = "--workers <N>";
    public const string Seed = "--seed <N>";
    public const string Output = "-o|--output <PATH>";
}
