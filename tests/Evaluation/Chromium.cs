using OneFractal.Evaluation;

namespace OneFractal.Tests.Evaluation;

/// <summary>A browser without a window, for one page at a time.</summary>
internal static class Chromium
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    /// <summary>The program, or null where there is none.</summary>
    public static string? Path => Browser.Path;

    /// <summary>Opens a page; what the browser prints, and what the page says on the console.</summary>
    public static (string Output, string[] Console) Open(TempFolder folder, string page, params string[] options)
    {
        var result = ChildProcess.Run(Browser.Command(new Uri(page).AbsoluteUri, folder["browser"], options), Timeout);
        Assert.AreEqual(0, result.ExitCode, result.Error);
        return (result.Output, [.. result.Error.Split('\n').Where(line => line.Contains("CONSOLE", StringComparison.Ordinal))]);
    }
}
