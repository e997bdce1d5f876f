namespace OneFractal.Export;

/// <summary>One dimension: a known length, a named unknown ("batch") or an unknown.</summary>
/// <param name="Value">The length, or null.</param>
/// <param name="Name">The name of an unknown length, or null.</param>
public readonly record struct Dim(long? Value, string? Name = null)
{
    /// <summary>A length nothing is known of.</summary>
    public static Dim Unknown => new(null);

    /// <summary>A known length.</summary>
    public static implicit operator Dim(long value) => new(value);

    /// <summary>A known length.</summary>
    public static implicit operator Dim(int value) => new(value);

    /// <summary>A named unknown length.</summary>
    public static implicit operator Dim(string name) => new(null, name);

    /// <summary>Whether it is an unknown length with a name, so that two of them can be the same.</summary>
    internal bool IsNamed => Value is null && Name is not null;

    /// <summary>Whether the two are surely different lengths.</summary>
    public bool Contradicts(Dim other) => Value is { } a && other.Value is { } b && a != b;

    /// <summary>The better known of two dimensions that must be equal.</summary>
    public Dim Or(Dim other) => Value is not null ? this : other.Value is not null ? other : Name is not null ? this : other;

    /// <inheritdoc />
    public override string ToString() => Value?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? Name ?? "?";
}
