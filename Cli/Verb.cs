using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using Spectre.Console.Cli;

namespace OneFractal.Cli;

/// <summary>A verb of the command line. It parses, calls one room and prints; see <see cref="Verbs"/> for how to add one.</summary>
internal abstract class Verb<TSettings> : Command<TSettings>
    where TSettings : VerbSettings
{
    /// <inheritdoc />
    public sealed override int Execute(CommandContext context, TSettings settings, CancellationToken cancellationToken)
    {
        using var progress = ConsoleProgress.Create();
        return Run(settings, progress, cancellationToken);
    }

    /// <summary>Does the work; the result is the exit code.</summary>
    /// <exception cref="OneFractalException">Something the user must change.</exception>
    /// <exception cref="OperationCanceledException">The work stopped because <paramref name="cancellation"/> asked for it.</exception>
    protected abstract int Run(TSettings settings, IProgressReporter progress, CancellationToken cancellation);
}
