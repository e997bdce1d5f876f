using System.Diagnostics;

namespace OneFractal.Evaluation;

/// <summary>Chromium, or a browser made of it, without a window.</summary>
internal static class Browser
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];

    private static readonly string[] Places =
    [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        @"C:\Program Files\Google\Chrome\Application\chrome.exe",
        @"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    ];

    private static readonly string[] Quiet =
    [
        "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr",
    ];

    /// <summary>The program, or null where there is none.</summary>
    public static string? Path { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
        .SelectMany(folder => Names.Select(name => System.IO.Path.Combine(folder, name)))
        .Concat(Places)
        .FirstOrDefault(File.Exists);

    /// <summary>Opens a page; the browser keeps its own files in <paramref name="profile"/>.</summary>
    public static ProcessStartInfo Command(string page, string profile, params IEnumerable<string> options)
    {
        // Chromium refuses to sandbox a page for the superuser, as whom containers run.
        string[] sandbox = !OperatingSystem.IsWindows() && Environment.UserName == "root" ? ["--no-sandbox"] : [];
        var start = new ProcessStartInfo(Path!, [.. Quiet, .. sandbox, $"--user-data-dir={profile}", .. options, page]);
        start.Environment["HOME"] = profile;
        return start;
    }
}
