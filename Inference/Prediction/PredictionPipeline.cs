using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using OneFractal.Data;
using OneFractal.Data.Loading;
using OneFractal.Data.Readers;

namespace OneFractal.Inference;

/// <summary>
/// Threads that hand batches of files from one to the next: one lists the files, several decode them, and some run the model; the caller
/// takes the rows in order. The number of batches is fixed, and a file is listed only when there is a place for it, which bounds everything.
/// </summary>
internal sealed class PredictionPipeline : IDisposable
{
    private readonly Classifier _classifier;
    private readonly IEnumerable<string> _paths;
    private readonly Action<FileBatch> _run;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenSource _stop;
    private readonly OpenCvThreads _openCvThreads = OpenCvThreads.One();
    private readonly Channel<FileBatch> _free = Channel.CreateUnbounded<FileBatch>();
    private readonly Channel<(FileBatch Batch, int Place)> _toDecode = Channel.CreateUnbounded<(FileBatch, int)>();
    private readonly Channel<FileBatch> _toRun = Channel.CreateUnbounded<FileBatch>();
    private readonly Channel<FileBatch> _inOrder = Channel.CreateUnbounded<FileBatch>();
    private readonly Thread[] _threads;
    private Exception? _failure;

    /// <param name="classifier">What decides the batches' shape and the rows.</param>
    /// <param name="paths">The files.</param>
    /// <param name="batchSize">Files in a batch.</param>
    /// <param name="workers">Threads that decode.</param>
    /// <param name="run">Runs the model on a batch; several do it side by side.</param>
    /// <param name="cancellation">Ends the work.</param>
    public PredictionPipeline(
        Classifier classifier, IEnumerable<string> paths, int batchSize, int workers, Action<FileBatch> run, CancellationToken cancellation)
    {
        (_classifier, _paths, _run, _cancellation) = (classifier, paths, run, cancellation);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var runs = classifier.Runner.ParallelRuns;
        // Photos have sizes of their own, and each has a run of its own: they need not wait, in memory, for others.
        (batchSize, var imageLength) = classifier.Runner.TakesPhotos ? (1, 0) : (batchSize, classifier.Runner.ImageLength);
        // One is filled, those of the runs are in the model, and one is read.
        for (var i = 0; i < runs + 2; i++)
        {
            _free.Writer.TryWrite(new FileBatch(batchSize, imageLength, classifier.Runner.OutputLength));
        }

        _threads =
        [
            Start(List, "File lister"),
            .. Enumerable.Range(0, workers).Select(i => Start(Decode, $"Image decoder {i}")),
            .. Enumerable.Range(0, runs).Select(i => Start(RunModel, $"Model {i}")),
        ];
    }

    /// <summary>The rows of the next batch, or null after the last.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public FilePrediction[]? Take()
    {
        try
        {
            if (!Next(_inOrder, out var batch))
            {
                // What had been listed when listing failed is done.
                return _failure is null ? null : throw Rethrown(_failure);
            }

            batch.Classified.Wait(_stop.Token);
            var classes = _classifier.Labels.Count;
            FilePrediction[] rows = [.. Enumerable.Range(0, batch.Count).Select(i => new FilePrediction(
                batch.Paths[i], batch.Errors[i] is null ? _classifier.Interpret(batch.Logits.AsSpan(i * classes, classes)) : null, batch.Errors[i]))];
            _free.Writer.TryWrite(batch);
            return rows;
        }
        catch (OperationCanceledException) when (_failure is { } failure)
        {
            throw Rethrown(failure);
        }
        catch (OperationCanceledException)
        {
            _cancellation.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Stops all threads and waits for what they are at.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (var thread in _threads)
        {
            thread.Join();
        }

        _stop.Dispose();
        _openCvThreads.Dispose();
    }

    private void List()
    {
        using var paths = _paths.GetEnumerator();
        var more = MoveNext(paths);
        while (more && Next(_free, out var batch))
        {
            batch.Start();
            _toRun.Writer.TryWrite(batch);
            _inOrder.Writer.TryWrite(batch);
            do
            {
                _toDecode.Writer.TryWrite((batch, batch.Add(paths.Current)));
                more = MoveNext(paths);
            }
            while (more && !batch.IsFull);
            batch.CountDown();
        }

        _toDecode.Writer.Complete();
        _toRun.Writer.Complete();
        _inOrder.Writer.Complete();
    }

    /// <summary>Where listing fails, the paths end: what came before is still done, and the failure comes after it.</summary>
    private bool MoveNext(IEnumerator<string> paths)
    {
        try
        {
            return paths.MoveNext();
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            Interlocked.CompareExchange(ref _failure, e, null);
            return false;
        }
    }

    private void Decode()
    {
        while (Next(_toDecode, out var item))
        {
            var pixels = item.Batch.Image(item.Place);
            item.Batch.Photos[item.Place] = null;
            try
            {
                using var image = ImageDecoder.Load(item.Batch.Paths[item.Place], ChannelOrder.Bgr);
                if (_classifier.Runner.TakesPhotos)
                {
                    item.Batch.Photos[item.Place] = _classifier.ToPhoto(image, ChannelOrder.Bgr);
                }
                else
                {
                    _classifier.Prepare(image, ChannelOrder.Bgr, pixels);
                }
            }
            catch (DataException e)
            {
                item.Batch.Errors[item.Place] = e is BadImageException bad ? bad.Problem : e.Message;
                pixels.Clear();
            }

            item.Batch.CountDown();
        }
    }

    private void RunModel()
    {
        while (Next(_toRun, out var batch))
        {
            batch.Decoded.Wait(_stop.Token);
            _run(batch);
            batch.SetClassified();
        }
    }

    /// <summary>Waits for what comes next; false when nothing more will.</summary>
    private bool Next<T>(Channel<T> channel, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T item)
    {
        do
        {
            // What is ready is not taken any more once the work has stopped.
            _stop.Token.ThrowIfCancellationRequested();
            if (channel.Reader.TryRead(out item))
            {
                return true;
            }
        }
        while (channel.Reader.WaitToReadAsync(_stop.Token).AsTask().GetAwaiter().GetResult());
        item = default;
        return false;
    }

    private static Exception Rethrown(Exception failure)
    {
        ExceptionDispatchInfo.Throw(failure);
        return failure;
    }

    private Thread Start(Action work, string name)
    {
        var thread = new Thread(() =>
        {
            try
            {
                work();
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref _failure, e, null);
                _stop.Cancel();
            }
        })
        {
            IsBackground = true,
            Name = name,
        };
        thread.Start();
        return thread;
    }
}
