namespace OneFractal.Evaluation;

/// <summary>Tries everything that OneFractal needs of a machine: libraries are loaded and made to work, not looked up.</summary>
public static class MachineDoctor
{
    /// <summary>The findings, in the order they were made. Nothing throws but a cancellation.</summary>
    public static IReadOnlyList<Finding> Examine(CancellationToken cancellation = default)
    {
        var findings = new List<Finding>();
        foreach (var check in (Check[])
        [
            .. SystemChecks.All, .. TorchChecks.All, .. OnnxRuntimeChecks.All, .. ImageChecks.All, PlotCheck.Text, FashionMnistCheck.Files,
        ])
        {
            cancellation.ThrowIfCancellationRequested();
            findings.Add(check.Run());
        }

        return findings;
    }
}
