namespace OneFractal.Evaluation;

/// <summary>Keeps the mistakes that a classifier was surest of, whatever the number of those it is shown.</summary>
/// <param name="kept">How many are kept.</param>
internal sealed class SurestMistakes(int kept)
{
    // The least sure is the first to go; of equals, the last image.
    private readonly PriorityQueue<Mistake, (double Probability, int Before)> _queue = new();

    public void Add(Mistake mistake)
    {
        _queue.Enqueue(mistake, (mistake.Probability, -mistake.Index));
        if (_queue.Count > kept)
        {
            _queue.Dequeue();
        }
    }

    /// <summary>The surest first.</summary>
    public IReadOnlyList<Mistake> ToList()
    {
        return [.. _queue.UnorderedItems.OrderByDescending(i => i.Priority).Select(i => i.Element)];
    }
}
