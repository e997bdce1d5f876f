using System.Text.Json;
using OneFractal.Common;
using OneFractal.Data.Fractals;

namespace OneFractal.Data.Synthesis;

/// <summary>Saves and loads synthetic sets as <c>fractal.json</c>.</summary>
public static class SyntheticSets
{
    /// <summary>Writes <paramref name="source"/> to <paramref name="path"/>.</summary>
    /// <exception cref="OneFractalException">The file cannot be written.</exception>
    public static void Save(string path, ISyntheticSource source) => AtomicFile.WriteText(path, ToJson(source));

    /// <summary>Reads a set back; it makes the bytes that the one written made.</summary>
    /// <exception cref="DataException">The file is missing, or not such a file.</exception>
    public static ISyntheticSource Load(string path)
    {
        try
        {
            var file = JsonSerializer.Deserialize<SyntheticSetFile>(File.ReadAllText(path), SyntheticSetFile.Options);
            return file switch
            {
                { Version: not SyntheticSetFile.CurrentVersion } => throw new DataException($"'{path}' has version {file.Version}, this program reads version {SyntheticSetFile.CurrentVersion}."),
                { Fractal: { } settings, BaseSystems: { } systems } => new FractalSet(settings, systems),
                { RealImage: { } settings, BaseImage: { } image } => RealImageSet.FromPrepared(settings, image, path),
                { Noise: { } settings } => new NoiseSet(settings),
                _ => throw new DataException($"'{path}' describes no synthetic set: it needs fractal, realImage or noise settings."),
            };
        }
        catch (JsonException e)
        {
            throw new DataException($"'{path}' is not a synthetic set's fractal.json: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"Cannot read '{path}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    internal static string ToJson(ISyntheticSource source)
    {
        var file = source switch
        {
            FractalSet set => new SyntheticSetFile { Fractal = set.Settings, BaseSystems = set.BaseSystems },
            RealImageSet set => new SyntheticSetFile { RealImage = set.Settings, BaseImage = [.. set.BaseImage] },
            NoiseSet set => new SyntheticSetFile { Noise = set.Settings },
            _ => throw new ArgumentException($"Sets of type {source.GetType().Name} cannot be saved.", nameof(source)),
        };
        return JsonSerializer.Serialize(file, SyntheticSetFile.Options) + "\n";
    }
}
