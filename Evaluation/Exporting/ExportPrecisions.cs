namespace OneFractal.Evaluation;

/// <summary>What precisions are called.</summary>
public static class ExportPrecisions
{
    private static readonly (ExportPrecision Precision, string Name)[] Names =
    [
        (ExportPrecision.Float32, "fp32"), (ExportPrecision.Float16, "fp16"), (ExportPrecision.BFloat16, "bf16"), (ExportPrecision.Int8, "int8"),
        (ExportPrecision.Int8Static, "int8-static"),
    ];

    /// <summary>The name of a precision, e.g. <c>fp16</c>.</summary>
    public static string Name(this ExportPrecision precision) => Names.First(n => n.Precision == precision).Name;

    /// <summary>The precisions of a list such as <c>fp32,int8</c>, each once.</summary>
    /// <exception cref="UsageException">A name that is none.</exception>
    public static IReadOnlyList<ExportPrecision> Parse(string list)
    {
        ExportPrecision One(string name)
        {
            return Names.FirstOrDefault(n => n.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { Name: not null } found
                ? found.Precision
                : throw new UsageException($"--precision: '{name}' is none of {string.Join(", ", Names.Select(n => n.Name))}.");
        }

        return [.. list.Split(',', StringSplitOptions.TrimEntries).Select(One).Distinct()];
    }
}
