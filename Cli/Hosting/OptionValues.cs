using System.Reflection;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Hosting;

/// <summary>
/// Refuses an option without its value before the parser runs: Spectre.Console.Cli 0.57 puts its own placeholder
/// "__default_command" there, so that <c>synth -o</c> would write to a folder of that name.
/// </summary>
internal static class OptionValues
{
    /// <exception cref="UsageException">An option of the verb lacks its value.</exception>
    public static void Check(string[] args)
    {
        if (args is not [var verb, ..] || Verbs.SettingsOf(verb) is not { } settings)
        {
            return;
        }

        var names = ValuedOptions(settings);
        for (var i = 1; i < args.Length && args[i] != "--"; i++)
        {
            if (names.Contains(args[i]) && (i + 1 == args.Length || IsOption(args[i + 1])))
            {
                throw new UsageException($"{args[i]} needs a value. See '{UsageMessage.HelpCommand(args)}'.");
            }
        }
    }

    private static HashSet<string> ValuedOptions(Type settings)
    {
        return settings.GetProperties()
            .Select(p => p.GetCustomAttribute<CommandOptionAttribute>())
            .OfType<CommandOptionAttribute>()
            .Where(o => o.ValueName is not null && !o.ValueIsOptional)
            .SelectMany(o => o.LongNames.Select(n => "--" + n).Concat(o.ShortNames.Select(n => "-" + n)))
            .ToHashSet();
    }

    // A negative number is a value, and so is "-", standard output.
    private static bool IsOption(string arg) => arg.Length > 1 && arg[0] == '-' && !char.IsAsciiDigit(arg[1]) && arg[1] != '.';
}
