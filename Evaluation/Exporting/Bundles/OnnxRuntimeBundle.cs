using System.Globalization;

namespace OneFractal.Evaluation;

/// <summary>For ONNX Runtime: <c>model.onnx</c>, <c>model.json</c> with its metadata, and a README with the code that runs it from C#, Python and C.</summary>
internal static class OnnxRuntimeBundle
{
    public static IEnumerable<BundleFile> Files(BundleSource source)
    {
        return [.. source.Model("model.onnx"), BundleFile.Text("model.json", source.Metadata.ToJson()), BundleFile.Text("README.md", Readme(source))];
    }

    private static string Readme(BundleSource source)
    {
        var p = source.Metadata.Preprocessing;
        string Numbers(IEnumerable<float> values) => string.Join(", ", values.Select(v => v.ToString(CultureInfo.InvariantCulture)));
        var (input, output) = (source.InputName, source.OutputName);
        var dims = string.Join(", ", source.Input.Shape!.Select((d, i) => d.Value?.ToString(CultureInfo.InvariantCulture) ?? (i == 0 ? "1" : d.Name)));
        var (managed, python, c) = source.TakesPixels ? ("byte", "uint8", "UINT8") : ("float", "float32", "FLOAT");
        var cType = source.TakesPixels ? "uint8_t" : "float";
        var cover = (int)(Math.Min(p.Height, p.Width) / p.CropFraction);
        var feed = source.TakesPixels
            ? "The pixels of an image, R, G, B, of any size: the graph resizes, crops and normalises."
            : $"An image whose shorter side was resized to {cover} pixels ({p.Interpolation.ToString().ToLowerInvariant()}) and whose centre was cropped to {p.Width}x{p.Height}; R, G, B, pixels from 0 to 1, less the mean [{Numbers(p.Mean)}], divided by [{Numbers(p.Std)}]; channels first.";
        return $$"""
            # {{source.Metadata.Architecture}} for ONNX Runtime

            `model.onnx`, opset {{source.Deployed.Opset}}: `{{input}}` {{source.Input}} to {{string.Join(", ", source.Deployed.Graph.Output.Select(o => $"`{o.Name}` {TensorInfo.From(o)}"))}}. `model.json` holds sizes and labels, and so does the file itself.

            {{feed}}

            C# (Microsoft.ML.OnnxRuntime):

            ```csharp
            using var session = new InferenceSession("model.onnx");
            using var input = OrtValue.CreateTensorValueFromMemory(pixels, [{{dims}}]); // {{managed}}[]
            using var options = new RunOptions();
            using var outputs = session.Run(options, ["{{input}}"], [input], ["{{output}}"]);
            ReadOnlySpan<float> {{source.OutputVariable}} = outputs[0].GetTensorDataAsSpan<float>();
            ```

            Python (onnxruntime):

            ```python
            session = onnxruntime.InferenceSession("model.onnx")
            {{source.OutputVariable}}, = session.run(["{{output}}"], {"{{input}}": pixels})  # {{python}} [{{dims}}]
            ```

            C (onnxruntime_c_api.h; each call returns a status to check):

            ```c
            const OrtApi* ort = OrtGetApiBase()->GetApi(ORT_API_VERSION);
            OrtEnv* env; OrtSessionOptions* options; OrtSession* session; OrtMemoryInfo* memory; OrtValue *input, *output = NULL; float* {{source.OutputVariable}};
            ort->CreateEnv(ORT_LOGGING_LEVEL_WARNING, "app", &env);
            ort->CreateSessionOptions(&options);
            ort->CreateSession(env, ORT_TSTR("model.onnx"), options, &session);
            ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory);
            int64_t shape[] = {{{dims}}};
            ort->CreateTensorWithDataAsOrtValue(memory, pixels, count * sizeof({{cType}}), shape, 4, ONNX_TENSOR_ELEMENT_DATA_TYPE_{{c}}, &input);
            const char *inputs[] = {"{{input}}"}, *outputs[] = {"{{output}}"};
            ort->Run(session, NULL, inputs, (const OrtValue* const*)&input, 1, outputs, 1, &output);
            ort->GetTensorMutableData(output, (void**)&{{source.OutputVariable}});
            ```

            """;
    }
}
