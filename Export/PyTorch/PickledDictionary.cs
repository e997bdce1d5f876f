namespace OneFractal.Export;

/// <summary>
/// A <c>dict</c> or <c>OrderedDict</c> in the order of the file. A list and not a hash table: keys come from the file, and colliding ones
/// must not cost time.
/// </summary>
internal sealed class PickledDictionary
{
    public List<(object? Key, object? Value)> Items { get; } = [];

    /// <summary>The last value of a key, as in Python; null where there is none.</summary>
    public object? Find(string key) => Items.FindLast(item => item.Key is string name && name == key).Value;
}
