using System.Runtime.InteropServices;
using System.Text.Json;
using OneFractal.Common;
using OneFractal.Data;
using OneFractal.Data.Readers;
using OneFractal.Data.Transforms;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Tests.Data;
using OneFractal.Tests.JavaScript;
using OpenCvSharp;

namespace OneFractal.Tests.Evaluation;

/// <summary>The page that <c>export --for web</c> writes, in Chromium, beside <c>predict</c>.</summary>
[TestClass]
public sealed class WebPageTests
{
    private const string State = "document.body?.dataset.state";

    private static readonly Preprocessing Imagenet = new(3, 32, 32)
    {
        Mean = [0.485f, 0.456f, 0.406f], Std = [0.229f, 0.224f, 0.225f], CropFraction = 0.875, Interpolation = Interpolation.Bicubic,
    };

    /// <summary>Opened as a file, and, with a fixed batch and a softmax in the graph, from a web server; a photo's PNG, its JPEG, and a small grey one, which is enlarged.</summary>
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void ADroppedImage_IsClassifiedAsPredictDoes(bool asFile)
    {
        using var folder = new TempFolder();
        var settings = asFile ? new ModelExportSettings() : new ModelExportSettings { Batch = 2, Output = ModelOutput.Probabilities };
        var report = Export(folder, settings with { NodePackages = NodeJs.Packages.Folder });
        CollectionAssert.AreEqual(
            new[] { "model.onnx", "config.json", "index.html", "model.js", "ort/ort.wasm.min.js", "ort/ort-wasm.js", "ort/LICENSE.txt" }, report.Files.ToArray());
        Assert.IsEmpty(report.Notes);
        var photo = SamplePictures.Write(folder.Path, 1)[0];
        using (var pixels = ImageDecoder.Load(photo))
        {
            TestImages.Write(folder["photo.png"], pixels);
        }

        using (var small = TestImages.Noise(20, 26, channels: 1))
        {
            TestImages.Write(folder["small.png"], small);
        }

        // Half-transparent, and transparent: colours count as they are in the file.
        using (var colours = TestImages.Noise(40, 30, channels: 3))
        using (var alpha = TestImages.Noise(40, 30, channels: 1, seed: 5))
        using (var picture = new Mat())
        {
            Cv2.Threshold(alpha, alpha, 64, 255, ThresholdTypes.Tozero);
            using var bgr = colours.CvtColor(ColorConversionCodes.RGB2BGR);
            Cv2.Merge([.. bgr.Split(), alpha], picture);
            Cv2.ImWrite(folder["glass.png"], picture);
        }

        using var classifier = Classifier.Load(folder["site", "model.onnx"]);
        using var server = asFile ? null : new StaticServer(folder["site"]);
        using var page = new DevTools(folder, server is null ? new Uri(folder["site", "index.html"]).AbsoluteUri : server.Address + "index.html");
        Assert.AreEqual("ready", page.WaitFor(State, "ready", "failed"), Status(page));

        // Decoders of JPEG round differently, by a level or two; PNG leaves no choice.
        foreach (var (file, tolerance) in new[] { (folder["photo.png"], 1e-4), (photo, 1e-2), (folder["small.png"], 1e-4), (folder["glass.png"], 1e-4) })
        {
            Drop(page, file);
            Assert.AreEqual("done", page.WaitFor(State, "done", "failed"), Status(page));
            var expected = classifier.Predict(file);
            var rows = page.Evaluate("[...document.querySelectorAll('#classes tr')].map(r => ({label: r.dataset.label, probability: Number(r.dataset.probability), text: r.textContent}))");
            var actual = rows.EnumerateArray().ToDictionary(r => r.GetProperty("label").GetString()!, r => r.GetProperty("probability").GetDouble());
            Assert.AreEqual(expected.Label, rows[0].GetProperty("label").GetString());
            Assert.HasCount(5, actual);
            for (var i = 0; i < TestModels.Labels.Length; i++)
            {
                Assert.AreEqual(expected.Probabilities[i], actual[TestModels.Labels[i]], tolerance, $"{TestModels.Labels[i]} of {file}");
            }

            Assert.IsGreaterThan(0.4, expected.Probability, "A prediction that says little compares little.");
            Assert.MatchesRegex($@"^{expected.Label}\d+\.\d\d %$", rows[0].GetProperty("text").GetString()!);
            Assert.MatchesRegex(@": [\d.]+ ms to decode and prepare, [\d.]+ ms in the model\.$", Status(page));
        }

        File.WriteAllText(folder["text.png"], "not a picture");
        Drop(page, folder["text.png"]);
        Assert.AreEqual("failed", page.WaitFor(State, "done", "failed"));
        Assert.StartsWith("text.png cannot be classified:", Status(page));
    }

    [TestMethod]
    public void WithoutTheRuntime_ThePageSaysHowToGetIt()
    {
        using var folder = new TempFolder();
        // Packages of Node.js, but not onnxruntime-web.
        Directory.CreateDirectory(folder["packages", "node_modules", "onnxruntime-node"]);
        File.WriteAllText(folder["packages", "node_modules", "onnxruntime-node", "package.json"], """{"version": "1.0.0"}""");
        var report = Export(folder, new ModelExportSettings { NodePackages = folder["packages"] });
        Assert.Contains("index.html lacks onnxruntime-web: install them with --install", report.Notes[0]);
        using var page = new DevTools(folder, new Uri(folder["site", "index.html"]).AbsoluteUri);
        Assert.AreEqual("failed", page.WaitFor(State, "ready", "failed"));
        Assert.Contains("--install", Status(page));
    }

    /// <summary>A picture that is dropped while the model is on its way is classified when it is there.</summary>
    [TestMethod]
    public void AnImageThatIsDroppedEarly_Waits()
    {
        using var folder = new TempFolder();
        Export(folder, new ModelExportSettings { NodePackages = NodeJs.Packages.Folder });
        using (var image = TestImages.Noise(32, 32, channels: 3))
        {
            TestImages.Write(folder["early.png"], image);
        }

        using var classifier = Classifier.Load(folder["site", "model.onnx"]);
        using var server = new StaticServer(folder["site"]);
        using var page = new DevTools(folder, server.Address + "config.json");
        // The page in a frame, into which the picture goes as soon as it listens.
        page.WaitFor("`${location.pathname} ${document.readyState}`", "/config.json complete");
        var state = page.Evaluate($$"""
            new Promise(resolve => {
              globalThis.frame = document.body.appendChild(document.createElement('iframe'));
              frame.src = 'index.html';
              const bytes = Uint8Array.from(atob('{{Convert.ToBase64String(File.ReadAllBytes(folder["early.png"]))}}'), c => c.charCodeAt(0));
              const timer = setInterval(() => {
                const page = frame.contentDocument;
                if (!page?.body?.dataset.state || page.readyState === 'loading') return;
                clearInterval(timer);
                const dataTransfer = new DataTransfer();
                dataTransfer.items.add(new File([bytes], 'early.png', { type: 'image/png' }));
                page.getElementById('drop').dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
                resolve(page.body.dataset.state);
              }, 1);
            })
            """).GetString();
        Assert.AreEqual("loading", state);
        Assert.AreEqual("done", page.WaitFor("frame.contentDocument.body.dataset.state", "done", "failed"));
        var best = page.Evaluate("Number(frame.contentDocument.querySelector('#classes tr').dataset.probability)").GetDouble();
        Assert.AreEqual(classifier.Predict(folder["early.png"]).Probability, best, 1e-4);
    }

    [TestMethod]
    public void AnIncompleteRuntime_IsOneLine_BeforeAnythingIsWritten()
    {
        using var folder = new TempFolder();
        var package = folder["packages", "node_modules", "onnxruntime-web"];
        Directory.CreateDirectory(Path.Combine(package, "dist"));
        File.WriteAllText(Path.Combine(package, "package.json"), """{"version": "1.0.0"}""");
        File.WriteAllText(Path.Combine(package, "dist", "ort.wasm.min.js"), "");
        var message = Assert.ThrowsExactly<UsageException>(() => Export(folder, new ModelExportSettings { NodePackages = folder["packages"] })).Message;
        Assert.Contains("onnxruntime-web 1.0.0 is incomplete", message);
        Assert.Contains("ort-wasm-simd-threaded.mjs' is missing: run 'npm install onnxruntime-web' in ", message);
        Assert.IsFalse(Directory.Exists(folder["site"]));
    }

    [TestMethod]
    public void FeaturesHaveNoPage()
    {
        using var folder = new TempFolder();
        TestModels.Features().Save(folder["trained.onnx"]);
        var report = ModelExport.Run(folder["trained.onnx"], folder["site"], new ModelExportSettings { For = BundleKind.Web });
        CollectionAssert.AreEqual(new[] { "model.onnx", "config.json" }, report.Files.ToArray());
        Assert.IsEmpty(report.Notes);
    }

    /// <summary>The page's resizing, cropping and normalisation, of raw pixels, beside those of <c>predict</c>.</summary>
    [TestMethod]
    public void Preprocessing_IsPredicts()
    {
        using var folder = new TempFolder();
        (string Name, int Width, int Height, Preprocessing P)[] cases =
        [
            ("photo", 500, 375, Imagenet),
            ("to a half", 64, 64, Imagenet with { CropFraction = 1 }),
            ("to a third", 96, 96, Imagenet with { CropFraction = 1 }),
            ("bilinear, larger", 19, 23, Imagenet with { Interpolation = Interpolation.Bilinear }),
            ("bicubic, larger", 19, 23, Imagenet),
            ("nearest, smaller", 77, 50, Imagenet with { Interpolation = Interpolation.Nearest }),
            ("nearest, larger", 11, 14, Imagenet with { Interpolation = Interpolation.Nearest }),
            ("as it is", 32, 32, Imagenet with { CropFraction = 1 }),
            ("another shape", 61, 47, Imagenet with { Height = 24, Width = 40 }),
            ("grey", 90, 61, new Preprocessing(1, 28, 28)),
        ];
        var list = cases.Select((c, i) =>
        {
            using var image = TestImages.Noise(c.Width, c.Height, channels: 3, (ulong)i);
            using var rgba = image.CvtColor(ColorConversionCodes.RGB2RGBA);
            File.WriteAllBytes(folder[$"{i}.rgba"], rgba.AsSpan<byte>().ToArray());
            return new
            {
                pixels = folder[$"{i}.rgba"], width = c.Width, height = c.Height, input = folder[$"{i}.input"],
                config = new
                {
                    channels = c.P.Channels, height = c.P.Height, width = c.P.Width, mean = c.P.Mean, std = c.P.Std, crop_pct = c.P.CropFraction,
                    interpolation = c.P.Interpolation.ToString().ToLowerInvariant(),
                },
            };
        });
        File.WriteAllBytes(folder["cases.json"], JsonSerializer.SerializeToUtf8Bytes(list));
        File.WriteAllBytes(folder["preprocessing.js"], NodePackages.Resource("preprocessing.js"));
        var run = NodeJs.Run("preprocess.mjs", folder["preprocessing.js"], folder["cases.json"]);
        Assert.AreEqual(0, run.ExitCode, run.Error);

        for (var i = 0; i < cases.Length; i++)
        {
            var (name, width, height, p) = cases[i];
            using var image = TestImages.Noise(width, height, channels: 3, (ulong)i);
            var transform = new EvaluationTransform(p);
            var expected = new float[transform.OutputLength];
            transform.Apply(image, ChannelOrder.Rgb, expected);
            var actual = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(folder[$"{i}.input"])).ToArray();
            Assert.HasCount(expected.Length, actual, name);
            var plane = p.Height * p.Width;
            double[] levels = [.. expected.Select((e, j) => Math.Abs(e - actual[j]) * 255 * p.Std[j / plane])];
            // Bit for bit where OpenCV has Intel's library; without, its cubic interpolation rounds its weights.
            var isExact = RuntimeInformation.ProcessArchitecture == Architecture.X64;
            Assert.IsLessThan(isExact ? 0.001 : 1.001, levels.Max(), name);
            Assert.IsLessThan(0.1, levels.Average(), name);
        }
    }

    private static ModelExportReport Export(TempFolder folder, ModelExportSettings settings)
    {
        var model = TestModels.Classifier();
        model.Metadata = model.Metadata! with { Preprocessing = Imagenet };
        // Sure of itself, so that probabilities differ.
        var head = model.FindInitializer("head.weight")!;
        head.SetFloats([.. head.ToFloats().Select(v => 20 * v)]);
        model.Save(folder["trained.onnx"]);
        return ModelExport.Run(folder["trained.onnx"], folder["site"], settings with { For = BundleKind.Web });
    }

    private static void Drop(DevTools page, string file)
    {
        var type = Path.GetExtension(file) == ".png" ? "image/png" : "image/jpeg";
        page.Evaluate($$"""
            (async () => {
              const bytes = await (await fetch('data:;base64,{{Convert.ToBase64String(File.ReadAllBytes(file))}}')).arrayBuffer();
              const dataTransfer = new DataTransfer();
              dataTransfer.items.add(new File([bytes], '{{Path.GetFileName(file)}}', { type: '{{type}}' }));
              document.getElementById('drop').dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
            })()
            """);
    }

    private static string Status(DevTools page) => page.Evaluate("document.getElementById('status').textContent").GetString()!;
}
