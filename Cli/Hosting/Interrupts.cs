using System.Runtime.InteropServices;
using OneFractal.Cli.Output;

namespace OneFractal.Cli.Hosting;

/// <summary>
/// Turns the first Ctrl-C (SIGINT) or SIGTERM into a cancelled token, so that work stops where it can be resumed.
/// The second one ends the process at once.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    // What shells report for a process that a signal ended: 128 and the signal's number.
    private const int InterruptedExitCode = 130, TerminatedExitCode = 143;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Listens from now on.</summary>
    public Interrupts()
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        ];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>The exit code of a process that the signal ended, or null while there was none.</summary>
    public int? ExitCode { get; private set; }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        if (ExitCode is not null)
        {
            Terminal.RestoreCursor();
            return;
        }

        ExitCode = context.Signal == PosixSignal.SIGINT ? InterruptedExitCode : TerminatedExitCode;
        context.Cancel = true;
        Terminal.WriteErrorLine("Stopping; press Ctrl-C again to stop at once.");
        // Asynchronously: what the callbacks do, or throw, must not happen in the signal handler.
        _ = _source.CancelAsync();
    }
}
