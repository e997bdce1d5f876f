using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace OneFractal.Evaluation;

/// <summary>
/// <c>index.html</c>, which classifies an image that is dropped on it: a page without a server or a build step. A page that was opened as a file may not read
/// the files beside it, but may run scripts, so that the model is in <c>model.js</c> too, and onnxruntime-web's WebAssembly in <c>ort/ort-wasm.js</c>.
/// </summary>
internal static class WebPage
{
    private const string Page = "index.html", Preprocessing = "preprocessing.js";

    // Of onnxruntime-web's dist folder.
    private const string Script = "ort.wasm.min.js", Loader = "ort-wasm-simd-threaded.mjs", Module = "ort-wasm-simd-threaded.wasm";

    // Browsers refuse strings of over half a gigabyte; the page takes model.onnx then, from a web server.
    private const int LargestModel = 256 << 20;

    private const string License = """
        Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
        "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
        distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
        the following conditions:

        The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

        THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
        MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY
        CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
        SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

        """;

    /// <summary>Refuses an onnxruntime-web that lacks a file which the page needs.</summary>
    /// <exception cref="UsageException">A file is missing.</exception>
    public static void Check(NodePackages packages)
    {
        if (packages.Version(NodePackages.WebPackage) is { } version
            && new[] { Script, Loader, Module }.Select(f => At(packages, f)).FirstOrDefault(f => !File.Exists(f)) is { } missing)
        {
            throw new UsageException($"{NodePackages.WebPackage} {version} is incomplete, since '{missing}' is missing: run 'npm install {NodePackages.WebPackage}' in '{packages.Folder}'.");
        }
    }

    /// <summary>The files of the page, with onnxruntime-web's where they are at hand.</summary>
    /// <param name="source">The classifier.</param>
    /// <param name="config">What <c>config.json</c> holds.</param>
    public static IEnumerable<BundleFile> Files(BundleSource source, JsonObject config)
    {
        yield return BundleFile.Text(Page, Html());
        if (source.Deployed.Proto.CalculateSize() <= LargestModel)
        {
            yield return JavaScript("model.js", folder =>
                $"globalThis.onefractal = {{config: {config.ToJsonString()}, model: '{Convert.ToBase64String(File.ReadAllBytes(Path.Combine(folder, WebBundle.Model)))}'}};\n");
        }

        if (source.Packages is { } packages && packages.Version(NodePackages.WebPackage) is { } version)
        {
            var notice = $"onnxruntime-web {version}, Copyright (c) Microsoft Corporation, MIT License";
            yield return new BundleFile($"ort/{Script}", path => AtomicFile.Copy(At(packages, Script), path));
            yield return JavaScript("ort/ort-wasm.js", _ =>
                $"/*! {notice} (see LICENSE.txt): {Loader} and .wasm, by gzip and in base64. */\n"
                + $"globalThis.onnxRuntimeWeb = {{loader: '{Pack(At(packages, Loader))}', wasm: '{Pack(At(packages, Module))}'}};\n");
            yield return BundleFile.Text("ort/LICENSE.txt", $"{notice}\n\n{License}");
        }
    }

    private static string At(NodePackages packages, string file) => packages.PathOf(NodePackages.WebPackage, "dist", file);

    private static string Html()
    {
        var page = Encoding.UTF8.GetString(NodePackages.Resource(Page));
        return page.Replace($"<script src=\"{Preprocessing}\"></script>", $"<script>\n{Encoding.UTF8.GetString(NodePackages.Resource(Preprocessing))}</script>", StringComparison.Ordinal);
    }

    /// <summary>A script made of other files, which are in the folder already.</summary>
    private static BundleFile JavaScript(string name, Func<string, string> content) => new(name, path => AtomicFile.WriteText(path, content(Path.GetDirectoryName(path)!)));

    private static string Pack(string path)
    {
        using var packed = new MemoryStream();
        using (var file = File.OpenRead(path))
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            file.CopyTo(gzip);
        }

        return Convert.ToBase64String(packed.ToArray());
    }
}
