using OneFractal.Inference;

namespace OneFractal.Tests.Inference;

/// <summary>Arrivals and the server on a clock of their own: no time passes.</summary>
[TestClass]
public sealed class LoadScenarioTests
{
    [TestMethod]
    public void Arrivals_AreAPoissonProcess_ThatTheSeedDecides()
    {
        const int Count = 20_000;
        const double Rate = 250;
        var times = PoissonArrivals.Times(Count, Rate, seed: 3);
        double[] gaps = [times[0], .. times.Zip(times.Skip(1), (a, b) => b - a)];
        Assert.IsTrue(gaps.All(g => g >= 0));
        // Mean and standard deviation of an exponential gap are both 1 / rate: four standard errors.
        Assert.AreEqual(1 / Rate, gaps.Average(), 4 / Rate / Math.Sqrt(Count));
        // Kolmogorov and Smirnov: the largest distance from 1 − exp(−rate · t) stays below 1.95 / √n in 999 of 1,000 cases.
        var distance = gaps.Order().Index().Max(g => Math.Abs((g.Index + 0.5) / Count - (1 - Math.Exp(-Rate * g.Item))));
        Assert.IsLessThan(1.95 / Math.Sqrt(Count), distance);

        CollectionAssert.AreEqual(times, PoissonArrivals.Times(Count, Rate, seed: 3));
        CollectionAssert.AreNotEqual(times, PoissonArrivals.Times(Count, Rate, seed: 4));
        foreach (var (slow, fast) in times.Zip(PoissonArrivals.Times(Count, 2 * Rate, seed: 3)))
        {
            Assert.AreEqual(slow, 2 * fast, 1e-9);
        }
    }

    [TestMethod]
    public void Server_TakesWhatWaits_AndWaitsForNobody()
    {
        var clock = new VirtualClock();
        var batches = new List<int>();
        void Serve(int count)
        {
            batches.Add(count);
            clock.Seconds += 1;
        }

        double[] arrivals = [.. Enumerable.Repeat(0.0, 13), 2.5, 10, 10.5];
        var (latencies, runs) = QueryServer.Run(arrivals, [1, 2, 4, 8], clock, Serve, latest: null, CancellationToken.None);
        // At 0 thirteen wait, at 1 five, at 2 one; one comes while that is answered; the others find the server free, and the last waits half a second.
        CollectionAssert.AreEqual(new[] { 8, 4, 1, 1, 1, 1 }, batches);
        Assert.AreEqual(6, runs);
        double[] expected = [.. Enumerable.Repeat(1000.0, 8), .. Enumerable.Repeat(2000.0, 4), 3000, 1500, 1000, 1500];
        CollectionAssert.AreEqual(expected, latencies);
        Assert.AreEqual(12, clock.Seconds);
    }

    [TestMethod]
    [DataRow(0.3)]
    [DataRow(0.5)]
    [DataRow(0.8)]
    public void Server_WaitingTimes_AreThoseOfQueueingTheory(double load)
    {
        // One server, Poisson arrivals, a fixed time of service: Pollaczek and Khinchine give the mean time from arrival to answer.
        const double Service = 0.01;
        var clock = new VirtualClock();
        var arrivals = PoissonArrivals.Times(200_000, load / Service, seed: 1);
        var (latencies, _) = QueryServer.Run(arrivals, [1], clock, _ => clock.Seconds += Service, latest: null, CancellationToken.None);
        var expected = 1000 * Service * (1 + load / (2 * (1 - load)));
        Assert.AreEqual(expected, latencies.Average(), 0.03 * expected);
    }

    [TestMethod]
    public void Server_GivesUp_OnceTooManyAreLate()
    {
        var clock = new VirtualClock();
        // Ten a second come, and five are answered.
        double[] arrivals = [.. Enumerable.Range(0, 1000).Select(i => i / 10.0)];
        var (latencies, _) = QueryServer.Run(arrivals, [1], clock, _ => clock.Seconds += 0.2, (Seconds: 1, Share: 0.01), CancellationToken.None);
        Assert.IsLessThan(100, latencies.Length);
        Assert.AreEqual(11, latencies.Count(l => l > 1000));
    }

    [TestMethod]
    public void Search_FindsTheHighestRateThatHolds()
    {
        var tried = new List<double>();
        var (rate, holds, found) = QueryServer.Search(128, 7, r =>
        {
            tried.Add(r);
            return (r <= 37.5, $"at {r}");
        });
        Assert.AreEqual((37.0, true, "at 37"), (rate, holds, found));
        Assert.HasCount(7, tried);
        Assert.AreEqual((1.0, false), QueryServer.Search(128, 7, _ => (false, 0)) is var none ? (none.Rate, none.Holds) : default);
    }

    [TestMethod]
    public void GpuMemory_IsThisProcesssShare()
    {
        const string Rows = "123, 512\n7, 100\n123, 88\n124, [N/A]\n";
        Assert.AreEqual(600.0 * 1024 * 1024, NvidiaSmi.BytesOf(123, Rows));
        Assert.IsNull(NvidiaSmi.BytesOf(124, Rows));
        Assert.IsNull(NvidiaSmi.BytesOf(12, Rows));
    }

    private sealed class VirtualClock : IQueryClock
    {
        public double Seconds { get; set; }

        public void WaitUntil(double seconds) => Seconds = Math.Max(Seconds, seconds);
    }
}
