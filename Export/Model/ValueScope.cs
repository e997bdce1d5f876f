namespace OneFractal.Export;

/// <summary>Names of the values of a graph, and of those around it.</summary>
internal sealed class ValueScope(ValueScope? outer = null)
{
    private readonly HashSet<string> _names = [];

    /// <summary>How many graphs are around this one.</summary>
    public int Depth { get; } = outer is null ? 0 : outer.Depth + 1;

    public bool Contains(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._names.Contains(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds a name; false when it is there already, here or outside.</summary>
    public bool Add(string name) => !Contains(name) && _names.Add(name);

    private ValueScope? Outer { get; } = outer;
}
