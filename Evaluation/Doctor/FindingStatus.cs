namespace OneFractal.Evaluation;

/// <summary>How a check of the machine ended.</summary>
public enum FindingStatus
{
    /// <summary>It was tried and works.</summary>
    Ok,

    /// <summary>It is not there, and most work goes on without.</summary>
    Missing,

    /// <summary>It does not work, and nothing goes without it.</summary>
    Failed,
}
