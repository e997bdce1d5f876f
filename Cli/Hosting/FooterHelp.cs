using Spectre.Console;
using Spectre.Console.Cli;
using Spectre.Console.Cli.Help;
using Spectre.Console.Rendering;

namespace OneFractal.Cli.Hosting;

/// <summary>The usual help, and below the list of verbs what holds for all of them.</summary>
internal sealed class FooterHelp(ICommandAppSettings settings) : HelpProvider(settings)
{
    private const string Footer = """

        EXIT CODES:
            0 done    1 failed    2 wrong usage    130 stopped by Ctrl-C

        ENVIRONMENT:
            ONEFRACTAL_DEVICE=cuda    ./onefractal builds with the CUDA packages
            NO_COLOR=1                no colours

        'onefractal <COMMAND> --help' shows a command's options and an example.

        """;

    /// <inheritdoc />
    public override IEnumerable<IRenderable> GetFooter(ICommandModel model, ICommandInfo? command)
    {
        return command is null ? [new Text(Footer)] : [];
    }
}
