using Spectre.Console;

namespace OneFractal.Cli.Output;

/// <summary>
/// Standard output, for results alone, and standard error, for everything else. Colours and moving bars only where the stream
/// is a terminal; NO_COLOR is honoured.
/// </summary>
internal static class Terminal
{
    // A pipe or a file has no width: nothing may be wrapped or cut there.
    private const int UnlimitedWidth = 4096;
    private const int HelpWidth = 100;

    /// <summary>Results.</summary>
    public static IAnsiConsole Out { get; } = Create(Console.Out, UnlimitedWidth);

    /// <summary>Progress and messages.</summary>
    public static IAnsiConsole Error { get; } = Create(Console.Error, UnlimitedWidth);

    /// <summary>Standard output for help texts, which read badly when a line has no end.</summary>
    public static IAnsiConsole Help { get; } = Create(Console.Out, HelpWidth);

    /// <summary>Whether standard output is a terminal.</summary>
    public static bool IsOutTerminal => Out.Profile.Out.IsTerminal;

    /// <summary>Whether bars can move on standard error.</summary>
    public static bool IsErrorInteractive => Error.Profile.Out.IsTerminal && Error.Profile.Capabilities.Ansi;

    /// <summary>A line of plain text on standard error, above the bars if there are any.</summary>
    public static void WriteErrorLine(string text) => Error.WriteLine(text);

    /// <summary>Shows the cursor again, which moving bars hide, when the process is about to be killed.</summary>
    public static void RestoreCursor()
    {
        if (IsErrorInteractive)
        {
            Console.Error.Write("\e[?25h");
        }
    }

    private static IAnsiConsole Create(TextWriter writer, int widthElsewhere)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            // They would send escape sequences into the logs of some build services.
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Width = widthElsewhere;
        }

        return console;
    }
}
