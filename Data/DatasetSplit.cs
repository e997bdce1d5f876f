namespace OneFractal.Data;

/// <summary>Which part of a data set.</summary>
public enum DatasetSplit
{
    /// <summary>Images to learn from.</summary>
    Train,

    /// <summary>Images to choose settings by.</summary>
    Validation,

    /// <summary>Images to report the accuracy on.</summary>
    Test,
}
