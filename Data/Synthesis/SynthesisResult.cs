namespace OneFractal.Data.Synthesis;

/// <summary>What <see cref="Synthesizer.Write"/> did.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Images">Images in the set.</param>
/// <param name="Written">Images written by this call; the others were there from an earlier one.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record SynthesisResult(string Folder, int Images, int Written, TimeSpan Elapsed);
