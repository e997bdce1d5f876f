using OneFractal.Data.Fractals;

namespace OneFractal.Training;

/// <summary>A pre-training run: which network learns to tell which fractals apart, and how.</summary>
public sealed record PretrainingSettings
{
    /// <summary>Name of the backbone, one of <see cref="Training.Backbone.Names"/>.</summary>
    public string Backbone { get; init; } = "vit-nano";

    /// <summary>Height and width of what the network sees, in pixels; null for the backbone's own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>The classes and how they are drawn; by default small, and as many as a small network begins to tell apart within minutes.</summary>
    public FractalSetSettings Fractals { get; init; } = new()
    {
        Classes = 100,
        Render = new RenderSettings { Size = 128, Points = 30_000 },
    };

    /// <summary>
    /// A <c>fractal.json</c>, or a folder that <c>synth</c> wrote, to take the classes from instead of <see cref="Fractals"/>: any set of the family,
    /// distortions of a real image and noise included. The images are drawn anew either way; null for <see cref="Fractals"/>.
    /// </summary>
    public string? Set { get; init; }

    /// <summary>How the network is trained.</summary>
    public TrainingRecipe Recipe { get; init; } = new();

    /// <summary>Decides the initial weights, the order of the images, augmentation and drop path; the fractals have a seed of their own.</summary>
    public ulong Seed { get; init; }
}
