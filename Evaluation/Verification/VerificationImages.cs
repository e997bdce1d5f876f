using OneFractal.Data;
using OneFractal.Data.Fractals;
using OneFractal.Data.Readers;
using OneFractal.Data.Synthesis;
using OneFractal.Data.Transforms;
using OpenCvSharp;

namespace OneFractal.Evaluation;

/// <summary>Images that every runtime is given: preprocessed, or, for a model that preprocesses by itself, as photos.</summary>
/// <param name="Pixels">Of each, channels × height × width values; none where there are photos.</param>
/// <param name="Photos">The photos; none where images are preprocessed.</param>
/// <param name="Description">What they are.</param>
internal sealed record VerificationImages(IReadOnlyList<float[]> Pixels, IReadOnlyList<Photo> Photos, string Description)
{
    private const ulong NoiseStream = 0x901;

    /// <summary>How many images.</summary>
    public int Count => Pixels.Count + Photos.Count;

    /// <summary>The images of the settings, for a model.</summary>
    /// <exception cref="OneFractalException">There are no images, or one cannot be read.</exception>
    public static VerificationImages Make(VerificationSettings settings, ModelRunner runner)
    {
        // A model without metadata says nothing of its preprocessing; for a comparison of runtimes any will do.
        var shape = runner.ImageShape;
        var transform = new EvaluationTransform(runner.Metadata?.Preprocessing ?? new Preprocessing(shape[0], shape[1], shape[2]));
        var (pixels, photos) = (new List<float[]>(), new List<Photo>());
        var description = settings.Images is { } argument
            ? Read(argument, settings.Count, Add)
            : Synthesize(settings.Count, settings.Seed, Add, AddNoise);
        return new VerificationImages(pixels, photos, description);

        void Add(Mat image)
        {
            if (runner.TakesPhotos)
            {
                photos.Add(Photo.From(image));
                return;
            }

            var values = new float[transform.OutputLength];
            transform.Apply(image, new RandomStream(0), values);
            pixels.Add(values);
        }

        void AddNoise(RandomStream random)
        {
            if (runner.TakesPhotos)
            {
                byte[] bytes = [.. Enumerable.Range(0, shape[1] * shape[2] * 3).Select(_ => (byte)random.NextInt(byte.MaxValue + 1))];
                photos.Add(new Photo(bytes, shape[1], shape[2]));
                return;
            }

            var values = new float[transform.OutputLength];
            foreach (ref var value in values.AsSpan())
            {
                value = (float)random.NextGaussian();
            }

            pixels.Add(values);
        }
    }

    private static string Read(string argument, int most, Action<Mat> add)
    {
        string[] files = [.. ImageFiles.Find([argument])];
        var count = Math.Min(most, files.Length);
        for (var i = 0; i < count; i++)
        {
            // Spread over the list, which has one class folder after the other.
            using var image = Load(files[(int)((long)i * files.Length / count)]);
            add(image);
        }

        return $"{count} of {files.Length} images of '{argument}'";
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
    private static string Synthesize(int count, ulong seed, Action<Mat> add, Action<RandomStream> addNoise)
    {
        var fractals = (count + 1) / 2;
        using var dataset = new SyntheticDataset(FractalSet.Create(new FractalSetSettings { Classes = Math.Max(2, fractals), Seed = seed }));
        for (var i = 0; i < count; i++)
        {
            if (i < fractals)
            {
                using var image = dataset.Load(i);
                add(image);
            }
            else
            {
                addNoise(new RandomStream(seed, NoiseStream, (ulong)i));
            }
        }

        return $"{fractals} fractals and {count - fractals} images of noise, seed {seed}";
    }
}
