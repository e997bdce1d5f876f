namespace OneFractal.Training;

/// <summary>
/// The weights of the lowest loss on the validation images so far, and how many measurements ago that was. The loss decides and not the accuracy, which of few
/// images has few values: the first weights that happen to have the highest would be kept. All but the weights is a function of the measurements, so that a
/// resumed run decides as an undisturbed one.
/// </summary>
internal sealed class BestWeights
{
    private readonly int _patience;
    private int _since;

    /// <summary>Goes on with a run's measurements.</summary>
    /// <param name="patience">Measurements without an improvement after which it is exhausted.</param>
    /// <param name="rows">The measurements so far.</param>
    /// <param name="saved">The best weights of the checkpoint, by name.</param>
    public BestWeights(int patience, IReadOnlyList<MetricsRow> rows, Dictionary<string, TensorProto> saved)
    {
        _patience = patience;
        Tensors = saved;
        // Weights whose measurement was lost are worth nothing, and the other way round.
        foreach (var row in rows.Where(r => saved.Count > 0 && r.ValidationLoss is not null))
        {
            _ = IsBetter(row);
        }
    }

    /// <summary>The best measurement; null before the first.</summary>
    public MetricsRow? Row { get; private set; }

    /// <summary>Its parameters, or their moving averages, and buffers.</summary>
    public Dictionary<string, TensorProto> Tensors { get; private set; }

    /// <summary>Whether the best is so long ago that there is no hope.</summary>
    public bool IsExhausted => _since >= _patience;

    /// <summary>Keeps the backend's weights where a measurement of them is the best.</summary>
    public void Consider(MetricsRow row, ITrainingBackend backend)
    {
        if (IsBetter(row))
        {
            Tensors = StateNames.Weights(backend.SaveState());
        }
    }

    /// <summary>Puts the best weights into the backend, which then scores and exports them.</summary>
    public void Apply(ITrainingBackend backend)
    {
        backend.RestoreState(backend.SaveState().ToDictionary(t => t.Key, t => StateNames.Of(t.Key, n => Tensors.GetValueOrDefault(n)) ?? t.Value));
    }

    private bool IsBetter(MetricsRow row)
    {
        // Anything is better than a loss that is no number.
        var better = Row is null || row.ValidationLoss < Row.ValidationLoss || double.IsNaN(Row.ValidationLoss ?? 0);
        (Row, _since) = better ? (row, 0) : (Row, _since + 1);
        return better;
    }
}
