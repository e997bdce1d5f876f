namespace OneFractal.Evaluation;

/// <summary>Hands parts out to threads, each when what it needs has ended; of those that can be done, evaluations come first, so that results come early.</summary>
internal sealed class SweepSchedule
{
    // What no thread is told of, such as that the work was cancelled, is noticed after this time.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(200);

    private readonly object _gate = new();
    private readonly List<SweepPart> _waiting;
    private readonly HashSet<string> _done;
    private readonly HashSet<string> _failed = [];
    private int _running;

    /// <param name="parts">What is to be done.</param>
    /// <param name="done">Keys of what is done already.</param>
    public SweepSchedule(IEnumerable<SweepPart> parts, IEnumerable<string> done)
    {
        _waiting = [.. parts.OrderBy(p => p.Evaluation is null)];
        _done = [.. done];
    }

    /// <summary>Does everything that can be done. What a failed pre-training was needed for fails with it.</summary>
    /// <param name="jobs">Threads.</param>
    /// <param name="work">Does a part.</param>
    /// <param name="ended">Hears of each, one at a time: the part, and why it failed, or null.</param>
    /// <param name="cancellation">Hands nothing out any more.</param>
    public void Run(int jobs, Action<SweepPart> work, Action<SweepPart, string?> ended, CancellationToken cancellation)
    {
        void Loop()
        {
            while (Next(ended, cancellation) is { } part)
            {
                string? error = null;
                try
                {
                    work(part);
                }
                catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
                {
                    End(part, null, (_, _) => { }, isDone: false);
                    return;
                }
                catch (Exception e)
                {
                    error = e is OneFractalException ? e.Message : $"Unexpected {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}";
                }

                End(part, error, ended, isDone: error is null);
            }
        }

        var threads = Enumerable.Range(0, jobs).Select(_ => Task.Factory.StartNew(Loop, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        Task.WhenAll([.. threads]).GetAwaiter().GetResult();
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>The next part, after waiting for one; null when there will be none.</summary>
    private SweepPart? Next(Action<SweepPart, string?> ended, CancellationToken cancellation)
    {
        lock (_gate)
        {
            while (!cancellation.IsCancellationRequested)
            {
                foreach (var lost in _waiting.Where(p => p.Needs is { } needs && _failed.Contains(needs)).ToArray())
                {
                    _waiting.Remove(lost);
                    ended(lost, $"Its pre-training {lost.Needs} failed.");
                }

                if (_waiting.FirstOrDefault(p => p.Needs is null || _done.Contains(p.Needs)) is { } ready)
                {
                    _waiting.Remove(ready);
                    _running++;
                    return ready;
                }

                if (_running == 0)
                {
                    return null;
                }

                Monitor.Wait(_gate, LongestWait);
            }
        }

        return null;
    }

    private void End(SweepPart part, string? error, Action<SweepPart, string?> ended, bool isDone)
    {
        lock (_gate)
        {
            _running--;
            if (isDone)
            {
                _done.Add(part.Key);
            }
            else if (error is not null)
            {
                _failed.Add(part.Key);
            }

            ended(part, error);
            Monitor.PulseAll(_gate);
        }
    }
}
