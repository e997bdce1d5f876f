namespace OneFractal.Inference;

/// <summary>How a run gets its input and gives its output.</summary>
public enum IoBinding
{
    /// <summary>Bound once to memory that is there already: nothing is allocated or looked up in a run.</summary>
    Bound,

    /// <summary>Named at every run, which allocates its output.</summary>
    Unbound,
}
