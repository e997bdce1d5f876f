namespace OneFractal.Evaluation;

/// <summary>What became of one runtime.</summary>
public enum VerificationStatus
{
    /// <summary>The others are compared with it.</summary>
    Reference,

    /// <summary>Within the tolerance.</summary>
    Passed,

    /// <summary>Outside the tolerance, or it cannot run the model.</summary>
    Failed,

    /// <summary>Not on this machine, or not made for such a model.</summary>
    Unavailable,
}
