using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>
/// A sweep, as its YAML file has it: what all cells share, cases that differ by name, and a grid. Every case is run at every place of the grid. The settings are those of
/// <see cref="SweepSettings"/>.
/// </summary>
public sealed record SweepDefinition
{
    /// <summary>What <see cref="X"/> is called when the cases are what is compared.</summary>
    public const string CaseAxis = "case";

    private const string CaseName = "name", Prefix = "sweep.", Suffix = ".yaml";

    /// <summary>Names of the ready-made sweeps.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(SweepDefinition).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^Suffix.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Heading of the report.</summary>
    public string Title { get; init; } = "";

    /// <summary>What is asked, in a sentence or two.</summary>
    public string About { get; init; } = "";

    /// <summary>What the plots have along the bottom: a setting of <see cref="Grid"/>, or <c>case</c>; null for the first of the grid.</summary>
    public string? X { get; init; }

    /// <summary>Settings of all cells.</summary>
    public Dictionary<string, object?> Base { get; init; } = [];

    /// <summary>What is compared by name: each has a <c>name</c>, and settings of its own.</summary>
    public List<Dictionary<string, object?>> Cases { get; init; } = [];

    /// <summary>Settings and the values that they take.</summary>
    public Dictionary<string, List<object?>> Grid { get; init; } = [];

    /// <summary>The axis of the plots.</summary>
    internal string XAxis => X ?? Grid.Keys.FirstOrDefault(SweepAxes.IsParameter) ?? CaseAxis;

    /// <summary>A ready-made sweep by name, or one from a YAML file.</summary>
    /// <exception cref="UsageException">Neither, or not a sweep; the message has the line, or the setting.</exception>
    public static SweepDefinition Load(string nameOrPath)
    {
        using var resource = typeof(SweepDefinition).Assembly.GetManifestResourceStream(Prefix + nameOrPath + Suffix);
        if (resource is not null)
        {
            using var reader = new StreamReader(resource);
            return Parse(reader.ReadToEnd(), nameOrPath);
        }

        return File.Exists(nameOrPath)
            ? Parse(File.ReadAllText(nameOrPath), nameOrPath)
            : throw new UsageException($"There is no sweep '{nameOrPath}': name a YAML file, or one of {string.Join(", ", Names)}.");
    }

    /// <summary>Reads a definition.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="source">What errors call it.</param>
    /// <exception cref="UsageException">Not a sweep; the message has the line, or the setting.</exception>
    public static SweepDefinition Parse(string text, string source)
    {
        var definition = Yaml.Read<SweepDefinition>(text, source);
        if (definition.Title.Length == 0)
        {
            definition = definition with { Title = Path.GetFileNameWithoutExtension(source) };
        }

        definition.Check(source);
        return definition;
    }

    /// <summary>The definition with settings that hold for all cells, whatever base, cases and grid say; a list for a setting of the grid is its new values.</summary>
    /// <param name="settings">As in <c>steps=100</c>; a value is YAML, so that <c>data=[a, b]</c> is a list.</param>
    /// <exception cref="UsageException">No such setting, or no such value.</exception>
    public SweepDefinition With(IEnumerable<string> settings)
    {
        const string Option = "--set";
        var changed = this with
        {
            Base = new(Base), Grid = new(Grid), Cases = [.. Cases.Select(c => new Dictionary<string, object?>(c))],
        };
        foreach (var setting in settings)
        {
            if (setting.Split('=', 2) is not [{ Length: > 0 } name, { Length: > 0 } text])
            {
                throw new UsageException($"{Option}: '{setting}' is not NAME=VALUE, as in steps=100.");
            }

            var value = Yaml.Read<Dictionary<string, object?>>($"{name}: {text}", $"{Option} {setting}").GetValueOrDefault(name);
            if (changed.Grid.ContainsKey(name))
            {
                changed.Grid[name] = value is List<object?> list ? list : [value];
            }
            else
            {
                changed.Base[name] = value;
                changed.Cases.ForEach(c => c.Remove(name));
            }
        }

        changed.Check(Option);
        return changed;
    }

    /// <summary>All cells: every case at every place of the grid, the first axis changing slowest.</summary>
    internal IReadOnlyList<(string Case, IReadOnlyDictionary<string, string> Axes, SweepSettings Settings)> Expand()
    {
        var cells = new List<(string, IReadOnlyDictionary<string, string>, SweepSettings)>();
        IEnumerable<Dictionary<string, object?>> cases = Cases.Count > 0 ? Cases : [[]];
        foreach (var one in cases)
        {
            foreach (var place in Places())
            {
                var merged = new Dictionary<string, object?>(Base);
                foreach (var (key, value) in one.Where(p => p.Key != CaseName).Concat(place))
                {
                    merged[key] = value;
                }

                var axes = place.ToDictionary(p => p.Key, p => SweepAxes.Text(p.Value));
                cells.Add((one.GetValueOrDefault(CaseName) as string ?? "", axes, SweepAxes.Read(merged)));
            }
        }

        return cells;
    }

    private IEnumerable<List<KeyValuePair<string, object?>>> Places()
    {
        IEnumerable<List<KeyValuePair<string, object?>>> places = [[]];
        foreach (var (key, values) in Grid)
        {
            places = places.SelectMany(place => values.Select(value => (List<KeyValuePair<string, object?>>)[.. place, new(key, value)])).ToArray();
        }

        return places;
    }

    private void Check(string source)
    {
        foreach (var (key, value) in Base)
        {
            SweepAxes.Check(key, value, $"'{source}', base");
        }

        foreach (var one in Cases)
        {
            if (one.GetValueOrDefault(CaseName) is not string { Length: > 0 } name)
            {
                throw new UsageException($"'{source}', cases: every case needs a name.");
            }

            foreach (var (key, value) in one.Where(p => p.Key != CaseName))
            {
                SweepAxes.Check(key, value, $"'{source}', case {name}");
            }
        }

        if (Cases.GroupBy(c => c[CaseName]).FirstOrDefault(g => g.Count() > 1)?.Key is { } twice)
        {
            throw new UsageException($"'{source}', cases: two are called '{twice}'.");
        }

        foreach (var (key, values) in Grid)
        {
            if (values is not { Count: > 0 })
            {
                throw new UsageException($"'{source}', grid: {key} needs a list of values, as in {key}: [a, b].");
            }

            values.ForEach(value => SweepAxes.Check(key, value, $"'{source}', grid"));
        }

        if (X is not null && (X == CaseAxis ? Cases.Count == 0 : !Grid.ContainsKey(X)))
        {
            throw new UsageException($"'{source}': x is '{X}', which is neither a setting of the grid nor, with cases, '{CaseAxis}'.");
        }
    }
}
