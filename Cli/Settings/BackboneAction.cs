namespace OneFractal.Cli.Settings;

/// <summary>What <c>backbone</c> does.</summary>
internal enum BackboneAction
{
    /// <summary>Names what can be created.</summary>
    List,

    /// <summary>Writes a backbone with fresh or given weights.</summary>
    Create,

    /// <summary>Looks into a model file.</summary>
    Inspect,
}
