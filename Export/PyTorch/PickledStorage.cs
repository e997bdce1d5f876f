namespace OneFractal.Export;

/// <summary>A tensor's memory, which is a file of its own in the archive: <c>data/KEY</c>.</summary>
/// <param name="Type">Type of its elements.</param>
/// <param name="Key">Its name in the archive.</param>
/// <param name="Length">Number of elements.</param>
internal sealed record PickledStorage(DataType Type, string Key, long Length);
