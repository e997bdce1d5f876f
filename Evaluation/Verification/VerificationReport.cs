namespace OneFractal.Evaluation;

/// <summary>One model on every runtime of this machine.</summary>
/// <param name="Model">The model file.</param>
/// <param name="Images">What the images are.</param>
/// <param name="Count">How many.</param>
/// <param name="Precision">What the model computes with where it is least exact.</param>
/// <param name="Notes">What to know when reading the figures, a line each.</param>
/// <param name="Runtimes">The reference first.</param>
public sealed record VerificationReport(
    string Model, string Images, int Count, ModelPrecision Precision, IReadOnlyList<string> Notes, IReadOnlyList<RuntimeAgreement> Runtimes)
{
    /// <summary>Whether no runtime failed.</summary>
    public bool Passed => Runtimes.All(r => r.Status != VerificationStatus.Failed);
}
