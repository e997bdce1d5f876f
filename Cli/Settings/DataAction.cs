namespace OneFractal.Cli.Settings;

/// <summary>What <c>data</c> does.</summary>
internal enum DataAction
{
    /// <summary>Looks through a data set.</summary>
    Inspect,

    /// <summary>Downloads one.</summary>
    Fetch,
}
