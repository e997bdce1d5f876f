using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary>Prints the ONNX operators that are run, and which of them each backend differentiates.</summary>
internal sealed class OpsCommand : Verb<OpsSettings>
{
    /// <inheritdoc />
    protected override int Run(OpsSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var operators = OperatorCatalogue.List();
        if (settings.Json)
        {
            JsonOutput.Print(operators);
            return 0;
        }

        static string YesNo(bool value) => value ? "yes" : "no";
        Tables.Print(
            ["operator", "opsets", "trains in TorchSharp", "trains in ONNX Runtime"],
            [.. operators.Select(o => (string[])[o.Operator, o.Opsets, YesNo(o.TorchSharp), YesNo(o.OnnxRuntime)])]);
        return 0;
    }
}
