using OneFractal.Data;
using OneFractal.Data.Fractals;
using OneFractal.Data.Readers;
using OneFractal.Data.Synthesis;
using OneFractal.Data.Transforms;
using OpenCvSharp;

namespace OneFractal.Evaluation;

/// <summary>Preprocessed images that every runtime is given.</summary>
/// <param name="Pixels">Count × channels × height × width values.</param>
/// <param name="Count">How many images.</param>
/// <param name="Description">What they are.</param>
internal sealed record VerificationImages(float[] Pixels, int Count, string Description)
{
    private const ulong NoiseStream = 0x901;

    /// <summary>The images of the settings, for a model.</summary>
    /// <exception cref="OneFractalException">There are no images, or one cannot be read.</exception>
    public static VerificationImages Make(VerificationSettings settings, ModelRunner runner)
    {
        // A model without metadata says nothing of its preprocessing; for a comparison of runtimes any will do.
        var shape = runner.ImageShape;
        var transform = new EvaluationTransform(runner.Metadata?.Preprocessing ?? new Preprocessing(shape[0], shape[1], shape[2]));
        return settings.Images is { } argument
            ? Read(argument, settings.Count, transform)
            : Synthesize(settings.Count, settings.Seed, transform);
    }

    private static VerificationImages Read(string argument, int most, EvaluationTransform transform)
    {
        string[] files = [.. ImageFiles.Find([argument])];
        var count = Math.Min(most, files.Length);
        var pixels = new float[count * transform.OutputLength];
        for (var i = 0; i < count; i++)
        {
            // Spread over the list, which has one class folder after the other.
            using var image = Load(files[(int)((long)i * files.Length / count)]);
            transform.Apply(image, new RandomStream(0), pixels.AsSpan(i * transform.OutputLength, transform.OutputLength));
        }

        return new VerificationImages(pixels, count, $"{count} of {files.Length} images of '{argument}'");
    }

    private static Mat Load(string file)
    {
        try
        {
            return ImageDecoder.Load(file);
        }
        catch (BadImageException e)
        {
            throw new DataException($"Cannot read image '{file}': {e.Problem}. Name other images with --images.", e);
        }
    }

    /// <summary>Fractals, as the model may have been trained on, and noise, in which every pixel matters, in equal numbers.</summary>
    private static VerificationImages Synthesize(int count, ulong seed, EvaluationTransform transform)
    {
        var pixels = new float[count * transform.OutputLength];
        var fractals = (count + 1) / 2;
        using var dataset = new SyntheticDataset(FractalSet.Create(new FractalSetSettings { Classes = Math.Max(2, fractals), Seed = seed }));
        for (var i = 0; i < count; i++)
        {
            var target = pixels.AsSpan(i * transform.OutputLength, transform.OutputLength);
            if (i < fractals)
            {
                using var image = dataset.Load(i);
                transform.Apply(image, new RandomStream(0), target);
                continue;
            }

            var random = new RandomStream(seed, NoiseStream, (ulong)i);
            foreach (ref var value in target)
            {
                value = (float)random.NextGaussian();
            }
        }

        return new VerificationImages(pixels, count, $"{fractals} fractals and {count - fractals} images of noise, seed {seed}");
    }
}
