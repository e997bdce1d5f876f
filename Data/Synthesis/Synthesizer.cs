using System.Diagnostics;
using System.Globalization;
using CsvHelper;
using OneFractal.Common;
using OneFractal.Data.Loading;
using OpenCvSharp;

namespace OneFractal.Data.Synthesis;

/// <summary>
/// Writes a synthetic set as a folder: class folders named by number with a PNG for each image (the published layout),
/// <c>fractal.json</c>, <c>classes.csv</c> and <c>contact-sheet.png</c>. Memory does not grow with the number of classes.
/// </summary>
public static class Synthesizer
{
    /// <summary>Name of the file that holds what the set is made from.</summary>
    public const string SettingsFile = "fractal.json";

    /// <summary>Name of the file with the parameters of every image.</summary>
    public const string ClassesFile = "classes.csv";

    /// <summary>Name of the picture of samples.</summary>
    public const string ContactSheetFile = "contact-sheet.png";

    /// <summary>Images whose parameters are held until they are written.</summary>
    private const int Chunk = 256;

    /// <summary>Images computed side by side.</summary>
    private const int Group = 8;

    /// <summary>
    /// Writes the set to <paramref name="folder"/>. A folder that already holds a part of the same set is completed; whenever this is
    /// stopped, even killed, every image there is whole.
    /// </summary>
    /// <exception cref="UsageException">The folder holds something else.</exception>
    /// <exception cref="OneFractalException">A file cannot be written, or an image cannot be made.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static SynthesisResult Write(
        string folder, ISyntheticSource source, IProgressReporter? progress = null, CancellationToken cancellation = default)
    {
        var start = Stopwatch.GetTimestamp();
        Claim(folder, source);
        var count = source.ClassCount * source.ImagesPerClass;
        var written = 0;
        using (var task = (progress ?? NullProgress.Instance).Start($"Rendering {source.ClassCount} classes", count))
        using (OpenCvThreads.One())
        {
            AtomicFile.Write(Path.Combine(folder, ClassesFile), stream => written = WriteImages(folder, source, stream, task, cancellation));
        }

        using var dataset = new SyntheticDataset(source, cacheBytes: 0);
        ContactSheet.Write(Path.Combine(folder, ContactSheetFile), dataset);
        return new SynthesisResult(folder, count, written, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>Where image <paramref name="index"/> of <paramref name="source"/> lies below the folder.</summary>
    internal static string RelativePath(ISyntheticSource source, int index)
    {
        var (label, instance) = Math.DivRem(index, source.ImagesPerClass);
        var name = SyntheticDataset.ClassName(label);
        return Path.Combine(name, FormattableString.Invariant($"{name}_{instance:D4}.png"));
    }

    private static void Claim(string folder, ISyntheticSource source)
    {
        var settings = Path.Combine(folder, SettingsFile);
        var json = SyntheticSets.ToJson(source);
        if (File.Exists(settings))
        {
            if (File.ReadAllText(settings) != json)
            {
                throw new UsageException($"'{folder}' holds a set made with other settings: choose another --output, or delete it.");
            }

            // What a killed run was just writing; the finished files beside it have their names already.
            foreach (var partial in Directory.EnumerateFiles(folder, "*.partial", SearchOption.AllDirectories))
            {
                File.Delete(partial);
            }

            return;
        }

        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
        {
            throw new UsageException($"'{folder}' exists and is not a synthetic set: choose another --output.");
        }

        AtomicFile.WriteText(settings, json);
    }

    private static int WriteImages(
        string folder, ISyntheticSource source, Stream classes, IProgressTask task, CancellationToken cancellation)
    {
        using var csv = CsvWriter.Create(classes, leaveOpen: true);
        csv.WriteRecord(["class", "image", "path", .. source.ParameterNames]);
        var count = source.ClassCount * source.ImagesPerClass;
        var written = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        for (var first = 0; first < count; first += Chunk)
        {
            var parameters = new double[Math.Min(Chunk, count - first)][];
            try
            {
                Parallel.For(0, (parameters.Length + Group - 1) / Group, options, () => new GroupBuffer(source), (group, _, buffer) =>
                {
                    // Rendering is much cheaper than encoding, and gives the parameters even of images that are there already.
                    var from = group * Group;
                    var length = Math.Min(Group, parameters.Length - from);
                    buffer.Render(source, first + from, length).CopyTo(parameters, from);
                    for (var i = 0; i < length; i++)
                    {
                        var path = Path.Combine(folder, RelativePath(source, first + from + i));
                        if (!File.Exists(path))
                        {
                            WriteImage(path, source, buffer.Pixels[i]);
                            Interlocked.Increment(ref written);
                        }
                    }

                    return buffer;
                }, _ => { });
            }
            catch (AggregateException e)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
            }

            for (var i = 0; i < parameters.Length; i++)
            {
                var (label, instance) = Math.DivRem(first + i, source.ImagesPerClass);
                csv.WriteRecord([Number(label), Number(instance), RelativePath(source, first + i), .. parameters[i].Select(Number)]);
            }

            task.Report(first + parameters.Length);
        }

        return written;
    }

    private static void WriteImage(string path, ISyntheticSource source, byte[] pixels)
    {
        using var image = Mat.FromPixelData(source.Size, source.Size, source.Channels == 1 ? MatType.CV_8UC1 : MatType.CV_8UC3, pixels);
        using var stored = new Mat();
        if (source.Channels == 3)
        {
            Cv2.CvtColor(image, stored, ColorConversionCodes.RGB2BGR);
        }

        Cv2.ImEncode(".png", source.Channels == 3 ? stored : image, out var png, [new ImageEncodingParam(ImwriteFlags.PngCompression, 1)]);
        AtomicFile.Write(path, stream => stream.Write(png), flushToDisk: false);
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The pixels of a group of images.</summary>
    private sealed class GroupBuffer(ISyntheticSource source)
    {
        public byte[][] Pixels { get; } = [.. Enumerable.Range(0, Group).Select(_ => new byte[source.Size * source.Size * source.Channels])];

        public double[][] Render(ISyntheticSource from, int first, int count) =>
            from.RenderMany([.. Enumerable.Range(first, count)], [.. Pixels.Take(count).Select(pixels => pixels.AsMemory())]);
    }
}
