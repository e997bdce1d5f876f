using System.Diagnostics;

namespace OneFractal.Evaluation;

/// <summary>onnxruntime-web in a browser without a window: WebAssembly on one thread, served from this machine.</summary>
/// <param name="host">Where its files are.</param>
/// <param name="largest">The most bytes of a model, data beside it included.</param>
internal sealed class WebRuntime(RuntimeHost host, long largest = OnnxModel.InlineLimit) : IModelRuntime
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public string Name { get; } = $"{NodePackages.WebPackage} {host.Packages?.Version(NodePackages.WebPackage)}".TrimEnd() + ", wasm in Chromium";

    public IReadOnlyList<RuntimeTensor> Run(RuntimeJob job, CancellationToken cancellation)
    {
        var packages = host.Require(NodePackages.WebPackage);
        if (Browser.Path is null)
        {
            throw new RuntimeUnavailableException("not here: there is no Chromium: install chromium, or Chrome");
        }

        if (!job.Model.FitsInline(largest))
        {
            throw new RuntimeUnavailableException(
                FormattableString.Invariant($"this model has {job.Model.SizeInBytes / (double)(1 << 30):0.0} GiB, and a browser holds none above {largest / (double)(1 << 30):0.0} GiB"));
        }

        var folder = host.WriteJob(job);
        using var server = new JobServer(folder, job.File, OnnxModel.DataFiles(job.File), packages.PathOf(NodePackages.WebPackage, "dist"));
        var start = Browser.Command(server.Page, Path.Combine(host.Folder, "browser"));
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        using var browser = Process.Start(start)!;
        try
        {
            // What it prints is of no interest, but must be read so that it can go on.
            browser.BeginErrorReadLine();
            browser.BeginOutputReadLine();
            var clock = Stopwatch.StartNew();
            while (!folder.HasResult)
            {
                cancellation.ThrowIfCancellationRequested();
                if (browser.HasExited || clock.Elapsed > RuntimeHost.Limit(job))
                {
                    throw new ModelException(browser.HasExited ? $"Chromium ended by itself with exit code {browser.ExitCode}" : "it took too long and was stopped");
                }

                Thread.Sleep(Pause);
            }
        }
        finally
        {
            browser.Kill(entireProcessTree: true);
            browser.WaitForExit();
        }

        return folder.ReadResults();
    }
}
