using System.Text.RegularExpressions;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Hosting;

/// <summary>What the user is told about an exception: one line and an exit code.</summary>
/// <param name="ExitCode">1 for a failure, 2 for wrong usage.</param>
/// <param name="Message">One line.</param>
internal sealed partial record ErrorReport(int ExitCode, string Message)
{
    /// <summary>Whether the work was cancelled.</summary>
    public bool IsCancellation { get; private init; }

    /// <summary>The report of <paramref name="exception"/>, which ended the command line <paramref name="args"/>.</summary>
    public static ErrorReport For(Exception exception, string[] args)
    {
        var report = Unwrap(exception) switch
        {
            OneFractalException e => new ErrorReport(e.ExitCode, e.Message),
            CommandAppException e => new ErrorReport(2, UsageMessage.For(e, args)),
            OperationCanceledException => new ErrorReport(1, "Cancelled.") { IsCancellation = true },
            // These messages name the file, and the user can do something about it.
            IOException or UnauthorizedAccessException => new ErrorReport(1, Unwrap(exception).Message),
            OutOfMemoryException => new ErrorReport(1, "Out of memory: use a smaller batch, fewer workers or a smaller model."),
            var e when NativeLibrary(e) is { } library => new ErrorReport(
                1, $"The native library '{library}' cannot be loaded. 'onefractal doctor' shows what is missing."),
            var e => new ErrorReport(1, $"Unexpected {e.GetType().Name}: {e.Message} Run with --verbose for the details."),
        };
        return report with { Message = LineBreaks().Replace(report.Message.Trim(), " ") };
    }

    private static Exception Unwrap(Exception exception)
    {
        return exception is AggregateException { InnerExceptions: [var first, ..] } ? Unwrap(first) : exception;
    }

    private static string? NativeLibrary(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is DllNotFoundException or BadImageFormatException)
            {
                return LibraryName().Match(exception.Message) is { Success: true } match ? match.Groups[1].Value : "?";
            }
        }

        return null;
    }

    [GeneratedRegex(@"\s*[\r\n]+\s*")]
    private static partial Regex LineBreaks();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex LibraryName();
}
