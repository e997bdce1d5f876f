using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace OneFractal.Training;

/// <summary>Recipes and run records as YAML, with snake_case names.</summary>
public static class Yaml
{
    private static readonly ISerializer Serializer = new SerializerBuilder()
        .WithNamingConvention(UnderscoredNamingConvention.Instance)
        .WithIndentedSequences()
        .DisableAliases()
        .Build();

    private static readonly IDeserializer Deserializer = new DeserializerBuilder()
        .WithNamingConvention(UnderscoredNamingConvention.Instance)
        .WithCaseInsensitivePropertyMatching()
        .Build();

    /// <summary>A value as YAML.</summary>
    public static string Write(object value) => Serializer.Serialize(value);

    /// <summary>A value of <paramref name="text"/>; what it does not mention keeps its default.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="source">What errors call it.</param>
    /// <exception cref="UsageException">The text is not YAML of that form; the message has the line.</exception>
    public static T Read<T>(string text, string source)
        where T : new()
    {
        try
        {
            return Deserializer.Deserialize<T>(text) ?? new T();
        }
        catch (YamlException e)
        {
            throw new UsageException($"'{source}', line {e.Start.Line}: {(e.InnerException ?? e).Message.TrimEnd('.')}.");
        }
    }
}
