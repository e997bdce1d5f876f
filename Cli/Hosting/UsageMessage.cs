using System.Text.RegularExpressions;

namespace OneFractal.Cli.Hosting;

/// <summary>
/// Says in the user's terms what the parser says in its own: which option a value belongs to, and where to read on.
/// </summary>
internal static partial class UsageMessage
{
    private static readonly Dictionary<string, string> TypeNames = new()
    {
        ["Int32"] = "a whole number",
        ["Int64"] = "a whole number",
        ["UInt64"] = "a whole number of at least 0",
        ["Single"] = "a number",
        ["Double"] = "a number",
    };

    /// <summary>The line for a parse error of <paramref name="args"/>.</summary>
    public static string For(Exception error, string[] args)
    {
        return $"{Explain(error, args).TrimEnd('.')}. See '{HelpCommand(args)}'.";
    }

    /// <summary>The command that shows the help for <paramref name="args"/>.</summary>
    public static string HelpCommand(string[] args)
    {
        return IsVerb(args) ? $"onefractal {args[0]} --help" : "onefractal --help";
    }

    private static bool IsVerb(string[] args) => args is [var verb, ..] && Verbs.SettingsOf(verb) is not null;

    private static string Explain(Exception error, string[] args)
    {
        if (Conversion().Match(error.Message) is { Success: true } conversion)
        {
            var (value, type, values) = (conversion.Groups[1].Value, conversion.Groups[2].Value, conversion.Groups[3].Value);
            var option = OptionOf(value, args);
            if (error.InnerException is UsageException usage)
            {
                return $"{option}: {usage.Message}";
            }

            return values.Length > 0
                ? $"{option}: '{value}' is none of {values.ToLowerInvariant()}"
                : $"{option}: '{value}' is not {TypeNames.GetValueOrDefault(type, type)}";
        }

        if (UnknownOption().Match(error.Message) is { Success: true } unknown)
        {
            var name = unknown.Groups[1].Value;
            return $"Unknown option '{args.FirstOrDefault(a => a.TrimStart('-').Split('=')[0] == name)?.Split('=')[0] ?? name}'";
        }

        // The parser takes what follows a verb for a command of its own.
        return (IsVerb(args) ? UnmatchedAfterVerb() : Unmatched()).Match(error.Message) is { Success: true } unmatched
            ? $"Unexpected argument '{unmatched.Groups[1].Value}'"
            : error.Message.Replace("required option '", "required option '--", StringComparison.Ordinal);
    }

    private static string OptionOf(string value, string[] args)
    {
        var index = Array.FindIndex(args, a => a == value || (a.StartsWith('-') && a.EndsWith("=" + value, StringComparison.Ordinal)));
        if (index < 0)
        {
            return "An option";
        }

        return args[index] != value ? args[index].Split('=')[0] : index > 0 && args[index - 1].StartsWith('-') ? args[index - 1] : "The argument";
    }

    [GeneratedRegex(@"^Failed to convert '(.*)' to (\w+)\.(?: Valid values are (.*))?", RegexOptions.Singleline)]
    private static partial Regex Conversion();

    [GeneratedRegex(@"^(?:Unknown|Unexpected) option '(.*)'\.$")]
    private static partial Regex UnknownOption();

    [GeneratedRegex(@"^Could not match '(.*)' with an argument\.$")]
    private static partial Regex Unmatched();

    [GeneratedRegex(@"^(?:Could not match|Unknown command) '(.*)'(?: with an argument)?\.$")]
    private static partial Regex UnmatchedAfterVerb();
}
