using OpenCvSharp;

namespace OneFractal.Data.Loading;

/// <summary>
/// Keeps OpenCV to one thread a call while workers of ours run side by side; its own threads would fight with them for the cores.
/// The setting is the process's, so the first to ask sets it and the last to finish restores it.
/// </summary>
public sealed class OpenCvThreads : IDisposable
{
    private static readonly Lock Gate = new();
    private static int _users;
    private static int _before;
    private bool _disposed;

    private OpenCvThreads()
    {
    }

    /// <summary>One thread a call until the result is disposed.</summary>
    public static OpenCvThreads One()
    {
        lock (Gate)
        {
            if (_users++ == 0)
            {
                _before = Cv2.GetNumThreads();
                Cv2.SetNumThreads(1);
            }
        }

        return new OpenCvThreads();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (Gate)
        {
            if (!_disposed && --_users == 0)
            {
                Cv2.SetNumThreads(_before);
            }

            _disposed = true;
        }
    }
}
