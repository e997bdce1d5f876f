using System.Globalization;
using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>One row of <c>runs.csv</c>: a model at one combination of settings.</summary>
[CsvRecord]
public sealed partial record InferenceRow
{
    /// <summary>Name of the model.</summary>
    [CsvColumn("model")]
    public string Model { get; init; } = "";

    /// <summary>Where it ran.</summary>
    [CsvColumn("device")]
    public string Device { get; init; } = "";

    /// <summary>Threads asked for; 0 leaves it to ONNX Runtime.</summary>
    [CsvColumn("threads")]
    public int Threads { get; init; }

    /// <summary>Images in a run.</summary>
    [CsvColumn("batch")]
    public int Batch { get; init; }

    /// <summary>bound or unbound.</summary>
    [CsvColumn("binding")]
    public string Binding { get; init; } = "";

    /// <summary>Runs that were timed.</summary>
    [CsvColumn("runs")]
    public int Runs { get; init; }

    /// <summary>The shortest, in milliseconds.</summary>
    [CsvColumn("min_ms")]
    public double Min { get; init; }

    /// <summary>Their mean.</summary>
    [CsvColumn("mean_ms")]
    public double Mean { get; init; }

    /// <summary>Half took no longer.</summary>
    [CsvColumn("p50_ms")]
    public double P50 { get; init; }

    /// <summary>90 % took no longer.</summary>
    [CsvColumn("p90_ms")]
    public double P90 { get; init; }

    /// <summary>95 % took no longer.</summary>
    [CsvColumn("p95_ms")]
    public double P95 { get; init; }

    /// <summary>99 % took no longer.</summary>
    [CsvColumn("p99_ms")]
    public double P99 { get; init; }

    /// <summary>99.9 % took no longer.</summary>
    [CsvColumn("p99_9_ms")]
    public double P999 { get; init; }

    /// <summary>The longest.</summary>
    [CsvColumn("max_ms")]
    public double Max { get; init; }

    /// <summary>Runs a second.</summary>
    [CsvColumn("inferences_per_second")]
    public double InferencesPerSecond { get; init; }

    /// <summary>Images a second.</summary>
    [CsvColumn("images_per_second")]
    public double ImagesPerSecond { get; init; }

    /// <summary>Processor time over time: 100 is one core.</summary>
    [CsvColumn("cpu_percent")]
    public double CpuPercent { get; init; }

    /// <summary>Runs before the clock started.</summary>
    [CsvColumn("warm_up_runs")]
    public int WarmUpRuns { get; init; }

    /// <summary>Whether times were stable by then.</summary>
    [CsvColumn("stable")]
    public bool Stable { get; init; }

    /// <summary>Creating the session.</summary>
    [CsvColumn("session_creation_ms")]
    public double SessionCreation { get; init; }

    /// <summary>Its first run.</summary>
    [CsvColumn("first_inference_ms")]
    public double FirstInference { get; init; }

    /// <summary>What session and runs add to the process at their peak.</summary>
    [CsvColumn("memory_bytes")]
    public double? MemoryBytes { get; init; }

    /// <summary>The largest resident set of the process meanwhile.</summary>
    [CsvColumn("peak_working_set_bytes")]
    public double PeakWorkingSetBytes { get; init; }

    /// <summary>Memory on the GPU.</summary>
    [CsvColumn("gpu_bytes")]
    public double? GpuBytes { get; init; }

    /// <summary>Size of the model file.</summary>
    [CsvColumn("file_bytes")]
    public long FileBytes { get; init; }

    /// <summary>Images that it was tested on.</summary>
    [CsvColumn("test_images")]
    public int? TestImages { get; init; }

    /// <summary>Share whose likeliest class was right.</summary>
    [CsvColumn("top1")]
    public double? Top1 { get; init; }

    /// <summary>Share whose right class was among the five likeliest.</summary>
    [CsvColumn("top5")]
    public double? Top5 { get; init; }

    /// <summary>On what.</summary>
    [CsvColumn("processor")]
    public string Processor { get; init; } = "";

    /// <summary>Processors that the process could use.</summary>
    [CsvColumn("cores")]
    public int Cores { get; init; }

    /// <summary>Version of ONNX Runtime.</summary>
    [CsvColumn("onnxruntime")]
    public string OnnxRuntime { get; init; } = "";

    /// <summary>Version of OneFractal.</summary>
    [CsvColumn("onefractal")]
    public string OneFractal { get; init; } = "";

    /// <summary>When, in UTC.</summary>
    [CsvColumn("date")]
    public string Date { get; init; } = "";

    /// <summary>The rows of a report.</summary>
    internal static IEnumerable<InferenceRow> Of(InferenceReport report)
    {
        var environment = report.Speed.Environment;
        return report.Speed.Runs.Select(r =>
        {
            var session = report.Speed.Sessions.First(s => s.Model == r.Model && s.Device == r.Device && s.Threads == r.Threads);
            var accuracy = report.Accuracy.FirstOrDefault(x => x.Model == r.Model);
            return new InferenceRow
            {
                Model = r.Model,
                Device = $"{r.Device}",
                Threads = r.Threads,
                Batch = r.Batch,
                Binding = r.Binding.ToString().ToLowerInvariant(),
                Runs = r.Latency.Count,
                Min = r.Latency.Min,
                Mean = r.Latency.Mean,
                P50 = r.Latency.P50,
                P90 = r.Latency.P90,
                P95 = r.Latency.P95,
                P99 = r.Latency.P99,
                P999 = r.Latency.P999,
                Max = r.Latency.Max,
                InferencesPerSecond = r.InferencesPerSecond,
                ImagesPerSecond = r.ImagesPerSecond,
                CpuPercent = r.CpuPercent,
                WarmUpRuns = r.WarmUpRuns,
                Stable = r.Stable,
                SessionCreation = session.CreationMilliseconds,
                FirstInference = session.FirstInferenceMilliseconds,
                MemoryBytes = session.MemoryBytes,
                PeakWorkingSetBytes = session.PeakWorkingSetBytes,
                GpuBytes = session.GpuBytes,
                FileBytes = session.FileBytes,
                TestImages = accuracy?.Images,
                Top1 = accuracy?.Top1,
                Top5 = accuracy?.Top5,
                Processor = environment.Processor,
                Cores = environment.Cores,
                OnnxRuntime = environment.OnnxRuntime,
                OneFractal = environment.OneFractal,
                Date = environment.Date.ToString("s", CultureInfo.InvariantCulture),
            };
        });
    }
}
