namespace OneFractal.Evaluation;

/// <summary>One model on every runtime of this machine.</summary>
/// <param name="Model">The model file.</param>
/// <param name="Images">What the images are.</param>
/// <param name="Count">How many.</param>
/// <param name="Tolerance">Largest absolute error that passes, scaled as <see cref="VerificationSettings.Tolerance"/> says.</param>
/// <param name="Runtimes">The reference first.</param>
public sealed record VerificationReport(string Model, string Images, int Count, double Tolerance, IReadOnlyList<RuntimeAgreement> Runtimes)
{
    /// <summary>Whether no runtime failed.</summary>
    public bool Passed => Runtimes.All(r => r.Status != VerificationStatus.Failed);
}
