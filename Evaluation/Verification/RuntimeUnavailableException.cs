namespace OneFractal.Evaluation;

/// <summary>A runtime is not on this machine, or not made for such a model; the message says which, and how to get it.</summary>
internal sealed class RuntimeUnavailableException(string message, Exception? inner = null) : OneFractalException(message, inner);
