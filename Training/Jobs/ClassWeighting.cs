namespace OneFractal.Training;

/// <summary>What is done about classes that have few images beside others that have many.</summary>
public enum ClassWeighting
{
    /// <summary>Rare classes are shown oftener where the classes differ much.</summary>
    Auto,

    /// <summary>Nothing: every image is shown as often as the others.</summary>
    None,
}
