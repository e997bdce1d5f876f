using System.Reflection;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>The settings of a sweep by the names that YAML has for them.</summary>
internal static class SweepAxes
{
    private static readonly Dictionary<string, PropertyInfo> Properties =
        typeof(SweepSettings).GetProperties(BindingFlags.Public | BindingFlags.Instance).ToDictionary(p => Snake(p.Name));

    // Each of these has plots of its own, or is averaged over.
    private static readonly string[] NotCompared = ["data", "protocols", "seed"];

    /// <summary>Whether the values of a setting are compared with each other in a plot.</summary>
    public static bool IsParameter(string name) => !NotCompared.Contains(name);

    /// <summary>A value for people.</summary>
    public static string Text(object? value) => value switch
    {
        null => "-",
        IEnumerable<object?> list => string.Join(' ', list.Select(Text)),
        _ => value.ToString()!,
    };

    /// <summary>A cell's settings.</summary>
    public static SweepSettings Read(IReadOnlyDictionary<string, object?> values)
    {
        return Yaml.Read<SweepSettings>(Yaml.Write(values.ToDictionary(v => v.Key, v => Wrap(v.Key, v.Value))), "sweep");
    }

    /// <summary>Refuses a name that is no setting, and a value that it cannot have.</summary>
    /// <exception cref="UsageException">Either.</exception>
    public static void Check(string name, object? value, string where)
    {
        if (!Properties.TryGetValue(name, out var property))
        {
            throw new UsageException($"{where}: there is no setting '{name}': use one of {string.Join(", ", Properties.Keys)}.");
        }

        try
        {
            Read(new Dictionary<string, object?> { [name] = value });
        }
        catch (UsageException)
        {
            var type = property.PropertyType.GetElementType() ?? Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            var hint = type.IsEnum ? $": use {string.Join(", ", Enum.GetNames(type)).ToLowerInvariant()}" : "";
            throw new UsageException($"{where}: {name} cannot be '{Text(value)}'{hint}.");
        }
    }

    /// <summary>One value stands for a list of one.</summary>
    private static object? Wrap(string name, object? value)
    {
        return Properties[name].PropertyType.IsArray && value is not (null or IEnumerable<object?>) ? new[] { value } : value;
    }

    private static string Snake(string property)
    {
        return string.Concat(property.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));
    }
}
