namespace OneFractal.Data.Fractals;

/// <summary>What was drawn for an image of a fractal set.</summary>
/// <param name="System">The perturbed system.</param>
/// <param name="Attempts">Perturbations drawn until one lit enough pixels.</param>
/// <param name="LitPixels">Pixels that are not black.</param>
public sealed record FractalImage(IteratedFunctionSystem System, int Attempts, int LitPixels);
