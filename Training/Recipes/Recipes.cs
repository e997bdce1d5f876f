namespace OneFractal.Training;

/// <summary>The recipes that come with OneFractal, and recipes from files.</summary>
public static class Recipes
{
    private const string Prefix = "recipe.";
    private const string Suffix = ".yaml";

    /// <summary>Names of the built-in recipes.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(Recipes).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^Suffix.Length])
            .Order(),
    ];

    /// <summary>A built-in recipe by name, or one from a YAML file.</summary>
    /// <exception cref="UsageException">Neither, or the file is not a recipe.</exception>
    public static TrainingRecipe Load(string nameOrPath)
    {
        using var resource = typeof(Recipes).Assembly.GetManifestResourceStream(Prefix + nameOrPath + Suffix);
        if (resource is not null)
        {
            using var reader = new StreamReader(resource);
            return Yaml.Read<TrainingRecipe>(reader.ReadToEnd(), nameOrPath).Validated();
        }

        return File.Exists(nameOrPath)
            ? Yaml.Read<TrainingRecipe>(File.ReadAllText(nameOrPath), nameOrPath).Validated()
            : throw new UsageException($"There is no recipe '{nameOrPath}': name a YAML file, or one of {string.Join(", ", Names)}.");
    }
}
