using System.Diagnostics;

namespace OneFractal.Data.Loading;

/// <summary>
/// Worker threads that fill numbered batches, and a consumer that takes them in order. A worker takes a free buffer before it takes
/// a number, so whoever holds the lowest number always has what it needs to finish.
/// </summary>
internal sealed class BatchPipeline : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<ImageBatch> _free = new();
    private readonly Dictionary<long, (ImageBatch? Batch, Exception? Failure)> _finished = [];
    private readonly Func<long, ImageBatch, bool> _fill;
    private readonly Thread[] _workers;
    private readonly OpenCvThreads _openCvThreads = OpenCvThreads.One();
    private long _nextToMake;
    private long _nextToTake;
    private bool _stopping;

    /// <param name="buffers">The buffers, which bound what is made ahead.</param>
    /// <param name="workers">How many threads.</param>
    /// <param name="first">The first number.</param>
    /// <param name="fill">Fills the batch of a number; false when there is no such batch.</param>
    public BatchPipeline(IEnumerable<ImageBatch> buffers, int workers, long first, Func<long, ImageBatch, bool> fill)
    {
        foreach (var buffer in buffers)
        {
            _free.Enqueue(buffer);
        }

        _fill = fill;
        _nextToMake = _nextToTake = first;
        _workers = new Thread[workers];
        for (var i = 0; i < workers; i++)
        {
            _workers[i] = new Thread(Work) { IsBackground = true, Name = $"Batch worker {i}" };
            _workers[i].Start();
        }
    }

    /// <summary>The next batch, or null after the last one.</summary>
    /// <param name="waited">How long it had to be waited for.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public ImageBatch? Take(out TimeSpan waited, CancellationToken cancellation)
    {
        using var wake = cancellation.Register(() =>
        {
            lock (_gate)
            {
                Monitor.PulseAll(_gate);
            }
        });
        var start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            (ImageBatch? Batch, Exception? Failure) next;
            while (!_finished.Remove(_nextToTake, out next))
            {
                cancellation.ThrowIfCancellationRequested();
                Monitor.Wait(_gate);
            }

            waited = Stopwatch.GetElapsedTime(start);
            _nextToTake++;
            if (next.Failure is { } failure)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }

            next.Batch?.HandOver(Release);
            return next.Batch;
        }
    }

    /// <summary>Stops the workers and waits for the batches they are at.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        foreach (var worker in _workers)
        {
            worker.Join();
        }

        _openCvThreads.Dispose();
    }

    private void Release(ImageBatch batch)
    {
        lock (_gate)
        {
            _free.Enqueue(batch);
            Monitor.PulseAll(_gate);
        }
    }

    private void Work()
    {
        while (true)
        {
            ImageBatch? batch;
            long number;
            lock (_gate)
            {
                while (!_free.TryDequeue(out batch))
                {
                    if (_stopping)
                    {
                        return;
                    }

                    Monitor.Wait(_gate);
                }

                if (_stopping)
                {
                    return;
                }

                number = _nextToMake++;
            }

            (ImageBatch? Batch, Exception? Failure) result;
            try
            {
                result = (_fill(number, batch) ? batch : null, null);
            }
            catch (Exception e)
            {
                // It reaches the consumer when the consumer reaches this batch, the same one on every run.
                result = (null, e);
            }

            lock (_gate)
            {
                _finished.Add(number, result);
                Monitor.PulseAll(_gate);
            }

            if (result.Batch is null)
            {
                return;
            }
        }
    }
}
