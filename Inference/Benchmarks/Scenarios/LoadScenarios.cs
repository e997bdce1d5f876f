namespace OneFractal.Inference;

/// <summary>Runs the scenarios in real time, by one thread that makes one run of the session after the other.</summary>
internal static class LoadScenarios
{
    private const int SearchSteps = 7, LeastQueries = 100;
    private const double ServerShare = 0.01, BoundFactor = 4;

    public static ScenarioFigures Run(
        LoadScenario scenario, SessionUnderTest subject, InferenceBenchmarkSettings settings, TimeSpan? bound, CancellationToken cancellation)
    {
        return scenario switch
        {
            LoadScenario.SingleStream => SingleStream(subject, settings, cancellation),
            LoadScenario.Offline => Offline(subject, subject.QuerySizes[^1], settings.Window, cancellation),
            _ => Server(subject, settings, bound ?? throw new UsageException("The server scenario needs a latency bound."), cancellation),
        };
    }

    /// <summary>The bound that is taken where none is given, from a single stream.</summary>
    public static TimeSpan? BoundFrom(ScenarioFigures figures)
    {
        return figures.Scenario == LoadScenario.SingleStream ? TimeSpan.FromMilliseconds(BoundFactor * figures.Latency.P90) : null;
    }

    private static ScenarioFigures SingleStream(SessionUnderTest subject, InferenceBenchmarkSettings settings, CancellationToken cancellation)
    {
        var (clock, latencies) = (new RealClock(), new List<double>());
        subject.Run(1);
        var start = clock.Seconds;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            var before = clock.Seconds;
            subject.Run(1);
            latencies.Add(1000 * (clock.Seconds - before));
        }
        while (clock.Seconds - start < settings.Window.TotalSeconds);
        return Figures(subject, LoadScenario.SingleStream, 1, latencies.Count / (clock.Seconds - start), latencies, latencies.Count);
    }

    private static ScenarioFigures Offline(SessionUnderTest subject, int batch, TimeSpan window, CancellationToken cancellation)
    {
        // As many queries as take about the window.
        var clock = new RealClock();
        subject.Run(batch);
        var before = clock.Seconds;
        subject.Run(batch);
        var runs = Math.Max(2, (int)Math.Ceiling(window.TotalSeconds / (clock.Seconds - before)));
        var all = new RealClock();
        var (latencies, made) = QueryServer.Run(new double[runs * batch], subject.QuerySizes, all, subject.Run, latest: null, cancellation);
        return Figures(subject, LoadScenario.Offline, batch, latencies.Length / all.Seconds, latencies, made);
    }

    private static ScenarioFigures Server(
        SessionUnderTest subject, InferenceBenchmarkSettings settings, TimeSpan bound, CancellationToken cancellation)
    {
        var sizes = subject.QuerySizes;
        foreach (var size in sizes)
        {
            // The first run of each prepares memory for it.
            cancellation.ThrowIfCancellationRequested();
            subject.Run(size);
        }

        (bool Holds, ScenarioFigures Found) Attempt(double rate)
        {
            var count = Math.Max(LeastQueries, (int)(rate * settings.Window.TotalSeconds * 2));
            var arrivals = PoissonArrivals.Times(count, rate, settings.Seed);
            var (latencies, runs) = QueryServer.Run(arrivals, sizes, new RealClock(), subject.Run, (bound.TotalSeconds, ServerShare), cancellation);
            var figures = Figures(subject, LoadScenario.Server, sizes[^1], rate, latencies, runs);
            var holds = latencies.Length == count && figures.Latency.P99 <= bound.TotalMilliseconds;
            return (holds, figures with { BoundMilliseconds = bound.TotalMilliseconds, Valid = holds });
        }

        if (settings.Rate is { } given)
        {
            return Attempt(given).Found;
        }

        var most = Offline(subject, sizes[^1], settings.Window / 2, cancellation).QueriesPerSecond;
        return QueryServer.Search(most, SearchSteps, Attempt).Found;
    }

    private static ScenarioFigures Figures(
        SessionUnderTest subject, LoadScenario scenario, int batch, double rate, IReadOnlyCollection<double> latencies, int runs)
    {
        return new ScenarioFigures(
            subject.Model.Name, subject.Figures.Device, subject.Figures.Threads, scenario, batch, rate, Latencies.Of(latencies), null, null, (double)latencies.Count / runs);
    }
}
