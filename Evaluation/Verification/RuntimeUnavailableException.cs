namespace OneFractal.Evaluation;

/// <summary>A runtime is not on this machine; the message says how to get it.</summary>
internal sealed class RuntimeUnavailableException(string message, Exception? inner = null) : OneFractalException(message, inner);
