using OneFractal.Common;

namespace OneFractal.Data;

/// <summary>A data set or an image that cannot be used; the message names the file and says what to do.</summary>
public class DataException(string message, Exception? inner = null) : OneFractalException(message, inner);
