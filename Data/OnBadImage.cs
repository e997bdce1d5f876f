namespace OneFractal.Data;

/// <summary>What to do about an image that cannot be decoded.</summary>
public enum OnBadImage
{
    /// <summary>Stop, and name the file.</summary>
    Fail,

    /// <summary>Leave it out, count it and list it in a CSV file.</summary>
    Skip,
}
