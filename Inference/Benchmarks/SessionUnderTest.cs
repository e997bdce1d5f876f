using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;

namespace OneFractal.Inference;

/// <summary>A session that is measured, from its creation on.</summary>
internal sealed class SessionUnderTest : IDisposable
{
    private const int MemoryRuns = 2;
    private readonly InferenceSession _session;
    private readonly InferenceShapes _shapes;
    private readonly Dictionary<(int Batch, IoBinding Binding), InferenceCall> _calls = [];

    /// <summary>Opens a model and runs it once at every batch size that it takes.</summary>
    public SessionUnderTest(BenchmarkModel model, SessionSettings settings, IReadOnlyList<int> batchSizes)
    {
        Model = model;
        using (var runner = model.Load(settings))
        {
            _shapes = InferenceShapes.Of(runner);
        }

        BatchSizes = _shapes.FixedBatch is { } only ? [only] : [.. batchSizes.Order()];
        double? before = null;
        if (PeakMemory.IsKnown)
        {
            PeakMemory.Reset();
            before = PeakMemory.Read();
        }

        var start = Stopwatch.GetTimestamp();
        (_session, var device) = model.Open(settings);
        var creation = Stopwatch.GetElapsedTime(start);
        try
        {
            var call = Call(BatchSizes[0], IoBinding.Bound);
            start = Stopwatch.GetTimestamp();
            call.Run();
            var first = Stopwatch.GetElapsedTime(start);
            foreach (var batch in BatchSizes)
            {
                for (var i = 0; i < MemoryRuns; i++)
                {
                    Call(batch, IoBinding.Bound).Run();
                }
            }

            using var process = Process.GetCurrentProcess();
            var peak = PeakMemory.IsKnown ? PeakMemory.Read() : process.PeakWorkingSet64;
            Figures = new SessionFigures(
                model.Name, model.Bytes, device, settings.Threads, creation.TotalMilliseconds, first.TotalMilliseconds, peak - before, peak,
                device.Kind == ComputeDeviceKind.Cuda ? NvidiaSmi.BytesOfThisProcess() : null);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public BenchmarkModel Model { get; }

    public SessionFigures Figures { get; }

    /// <summary>Height and width of the photos that it gets, where it preprocesses by itself.</summary>
    public (int Height, int Width)? PhotoSize => _shapes.TakesPhotos ? (_shapes.Image[0], _shapes.Image[1]) : null;

    /// <summary>Batch sizes to measure, in ascending order: those asked for, or the only one that the graph takes.</summary>
    public IReadOnlyList<int> BatchSizes { get; }

    /// <summary>
    /// How many queries a run can answer, ascending: powers of two, as each has buffers of its own, and the largest; where the graph takes one batch only,
    /// any number, and the rest of it is idle.
    /// </summary>
    public IReadOnlyList<int> QuerySizes => _shapes.FixedBatch is { } only
        ? [.. Enumerable.Range(1, only)]
        : [.. Enumerable.Range(0, 31).Select(power => 1 << power).TakeWhile(size => size < BatchSizes[^1]), BatchSizes[^1]];

    /// <summary>The runs at a batch size; the same one each time.</summary>
    public InferenceCall Call(int batch, IoBinding binding)
    {
        if (!_calls.TryGetValue((batch, binding), out var call))
        {
            call = new InferenceCall(_session, _shapes, batch, binding);
            _calls.Add((batch, binding), call);
        }

        return call;
    }

    /// <summary>One run on <paramref name="images"/> images; a graph of a fixed batch runs on that.</summary>
    public void Run(int images) => Call(_shapes.FixedBatch ?? images, IoBinding.Bound).Run();

    public void Dispose()
    {
        foreach (var call in _calls.Values)
        {
            call.Dispose();
        }

        _session.Dispose();
    }
}
