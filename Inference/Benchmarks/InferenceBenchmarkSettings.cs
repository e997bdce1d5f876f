namespace OneFractal.Inference;

/// <summary>What <see cref="InferenceBenchmark"/> measures. Every model is measured at every combination of the lists.</summary>
public sealed record InferenceBenchmarkSettings
{
    /// <summary>The models; the first is the one that the others are held against.</summary>
    public IReadOnlyList<BenchmarkModel> Models { get; init; } = [];

    /// <summary>Images in a run.</summary>
    public IReadOnlyList<int> BatchSizes { get; init; } = [1, 8, 32];

    /// <summary>Threads of a run; 0 leaves it to ONNX Runtime.</summary>
    public IReadOnlyList<int> Threads { get; init; } = [0];

    /// <summary>Where the models run.</summary>
    public IReadOnlyList<ComputeDevice> Devices { get; init; } = [ComputeDevice.Auto];

    /// <summary>How input and output are passed.</summary>
    public IReadOnlyList<IoBinding> Bindings { get; init; } = [IoBinding.Bound, IoBinding.Unbound];

    /// <summary>Least runs of a warm-up, which goes on until times are stable, but no longer than <see cref="Window"/>.</summary>
    public int WarmUp { get; init; } = 10;

    /// <summary>Time that is measured of each model at each combination, in all rounds together.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>In how many turns: models and bindings take turns, so that what else the machine does meets all of them.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Scenarios that are run after the sweep.</summary>
    public IReadOnlyList<LoadScenario> Scenarios { get; init; } = Enum.GetValues<LoadScenario>();

    /// <summary>Server: 99 % of the queries must be answered in this time; null takes four times what 90 % of the first model's
    /// single stream keep to.</summary>
    public TimeSpan? LatencyBound { get; init; }

    /// <summary>Server: queries a second; null finds the most that keep to the bound.</summary>
    public double? Rate { get; init; }

    /// <summary>Server: decides when queries arrive.</summary>
    public ulong Seed { get; init; }
}
