using OneFractal.Cli.Settings;
using OneFractal.Data.Synthesis;

namespace OneFractal.Cli.Commands;

/// <summary>Renders a set of fractal classes to a folder.</summary>
internal sealed class SynthCommand : Verb<SynthSettings>
{
    /// <inheritdoc />
    protected override int Run(SynthSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var set = settings.ToSource(cancellation);
        var result = Synthesizer.Write(settings.Output, set, progress, cancellation);
        Console.WriteLine(FormattableString.Invariant(
            $"{result.Images} images of {set.ClassCount} classes in {result.Folder}, {result.Written} of them new, {result.Elapsed.TotalSeconds:F1} s"));
        Console.WriteLine($"Contact sheet: {Path.Combine(result.Folder, Synthesizer.ContactSheetFile)}");
        return 0;
    }
}
