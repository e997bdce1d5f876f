namespace OneFractal.Export;

/// <summary>A model file or graph that cannot be used: one line that names the file, the node and the cause.</summary>
public sealed class ModelException(string message, Exception? inner = null) : OneFractalException(message, inner);
