namespace OneFractal.Evaluation;

/// <summary>What a backbone is in a comparison.</summary>
public enum BackboneRole
{
    /// <summary>What is to be judged.</summary>
    Candidate,

    /// <summary>What it must beat: random weights.</summary>
    Scratch,

    /// <summary>What it must beat: pre-trained in the same way on what teaches nothing, such as perturbations too small to tell apart.</summary>
    Control,
}
