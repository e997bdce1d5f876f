namespace OneFractal.Evaluation;

/// <summary>
/// Runs the same images through every runtime of this machine and compares their outputs with those of ONNX Runtime on the CPU with
/// its optimisations off, where each node runs as it is written.
/// </summary>
public static class Verification
{
    /// <summary>The verb of the command line that calls this.</summary>
    public const string Verb = "verify";

    private const string ReferenceName = "ONNX Runtime CPU, as written";

    private static readonly (GraphOptimization Level, string Name)[] Levels =
    [
        (GraphOptimization.Basic, "basic"), (GraphOptimization.Extended, "extended"), (GraphOptimization.Layout, "layout"), (GraphOptimization.All, "all"),
    ];

    /// <summary>Verifies a model file.</summary>
    /// <exception cref="ModelException">Not a usable ONNX file, not a model of images, or one that ONNX Runtime cannot run.</exception>
    /// <exception cref="OneFractalException">The images cannot be had.</exception>
    public static VerificationReport Run(
        string path, VerificationSettings? settings = null, IProgressReporter? progress = null, CancellationToken cancellation = default)
    {
        var model = OnnxModel.Load(path);
        using var work = new VerificationWork();
        return Run(model, Path.GetFullPath(path), settings ?? new VerificationSettings(), work, progress, cancellation);
    }

    /// <summary>Verifies a model that is in memory.</summary>
    /// <inheritdoc cref="Run(string, VerificationSettings?, IProgressReporter?, CancellationToken)" path="/exception" />
    public static VerificationReport Run(
        OnnxModel model, VerificationSettings? settings = null, IProgressReporter? progress = null, CancellationToken cancellation = default)
    {
        using var work = new VerificationWork();
        return Run(model, work.Job(model, []).File, settings ?? new VerificationSettings(), work, progress, cancellation);
    }

    /// <summary>Does a job that another process wrote, on a runtime that it keeps out of itself, and writes the results to the same folder.</summary>
    public static void RunJob(VerificationRuntime runtime, string folder, CancellationToken cancellation = default)
    {
        var files = new RuntimeFolder(folder);
        IModelRuntime chosen = runtime switch
        {
            VerificationRuntime.TorchSharp => new TorchSharpRuntime(),
            VerificationRuntime.OpenCv => new OpenCvRuntime(1),
            _ => throw new UsageException($"{runtime} has no job of its own."),
        };
        files.WriteResults(RuntimeAttempt.Of(chosen, files.ReadJob, cancellation));
    }

    /// <summary>The largest error that passes where none is set, in units of the reference's largest value at that output, or of 1 where that is larger.</summary>
    public static double ToleranceOf(ModelPrecision precision) => precision switch
    {
        ModelPrecision.Float32 => 1e-4,
        ModelPrecision.Float16 => 1e-2,
        _ => 5e-2,
    };

    private static VerificationReport Run(
        OnnxModel model, string file, VerificationSettings settings, VerificationWork work, IProgressReporter? progress, CancellationToken cancellation)
    {
        if (settings.Count < 1)
        {
            throw new UsageException($"Verification needs at least one image, not {settings.Count}.");
        }

        var reference = new OnnxRuntimeRuntime(ReferenceName, Session(settings, GraphOptimization.None));
        using var facts = ModelRunner.Load(file, Session(settings, GraphOptimization.None));
        var images = VerificationImages.Make(settings, facts);
        var subject = new VerificationSubject(model, file, facts, images, work);
        // What the reference cannot run, no other is asked to.
        subject.Expected(reference, fixedShapes: false, cancellation);
        var precision = PrecisionInspection.LeastExact(model);
        var runtimes = Runtimes(settings, facts, work);
        var results = new List<RuntimeAgreement> { new() { Runtime = ReferenceName, Status = VerificationStatus.Reference } };
        using var task = (progress ?? NullProgress.Instance).Start("Comparing runtimes", runtimes.Count);
        foreach (var runtime in runtimes)
        {
            cancellation.ThrowIfCancellationRequested();
            task.Report(results.Count - 1, runtime.Name);
            var tolerance = settings.Tolerance ?? ToleranceOf((runtime.UsesTf32 || facts.TakesPhotos) && precision == ModelPrecision.Float32 ? ModelPrecision.Float16 : precision);
            var (agreement, worst) = Compare(runtime, reference, subject, tolerance, cancellation);
            if (settings.Locate && agreement.Status == VerificationStatus.Failed)
            {
                var (part, batch) = subject.One(worst, runtime.NeedsFixedShapes);
                var locator = new DifferenceLocator(part, batch, runtime, reference, tolerance, work);
                agreement = agreement with { FirstDifference = locator.Find(agreement.WorstOutput, cancellation) };
            }

            results.Add(agreement);
        }

        task.Report(runtimes.Count);
        return new VerificationReport(model.Source, images.Description, images.Count, precision, Notes(model, facts, subject, runtimes), results);
    }

    private static List<IModelRuntime> Runtimes(VerificationSettings settings, ModelRunner facts, VerificationWork work)
    {
        var host = new RuntimeHost(work.Folder, settings.Command, NodePackages.Find(settings.NodePackages), settings.Threads);
        IModelRuntime Isolated(IModelRuntime runtime, VerificationRuntime kind) => host.Command is null ? runtime : new IsolatedRuntime(runtime, kind, host);
        var runtimes = new List<IModelRuntime>();
        foreach (var kind in settings.Runtimes ?? Enum.GetValues<VerificationRuntime>())
        {
            runtimes.AddRange(kind switch
            {
                VerificationRuntime.OnnxRuntime => Levels.Select(l => new OnnxRuntimeRuntime($"ONNX Runtime CPU, {l.Name}", Session(settings, l.Level))),
                VerificationRuntime.Cuda when settings.Device.Kind == ComputeDeviceKind.Cpu => [],
                VerificationRuntime.Cuda => [new OnnxRuntimeRuntime("ONNX Runtime CUDA", Session(settings, GraphOptimization.All) with { Device = settings.Device })],
                VerificationRuntime.TorchSharp => [Isolated(new TorchSharpRuntime(), kind)],
                VerificationRuntime.OpenCv => [Isolated(new OpenCvRuntime(facts.FixedBatch ?? 1), kind)],
                VerificationRuntime.Node => [new NodeRuntime(host)],
                VerificationRuntime.Web => (IEnumerable<IModelRuntime>)[new WebRuntime(host)],
                _ => throw new UsageException($"There is no runtime {kind}."),
            });
        }

        return runtimes;
    }

    private static SessionSettings Session(VerificationSettings settings, GraphOptimization optimization)
    {
        return new SessionSettings { Device = ComputeDevice.Cpu, Threads = settings.Threads, Optimization = optimization };
    }

    private static (RuntimeAgreement Agreement, int WorstImage) Compare(
        IModelRuntime runtime, IModelRuntime reference, VerificationSubject subject, double tolerance, CancellationToken cancellation)
    {
        var attempt = RuntimeAttempt.Of(runtime, () => subject.Job(runtime.NeedsFixedShapes), cancellation);
        if (attempt.Outputs is not { } outputs)
        {
            var agreement = new RuntimeAgreement { Runtime = runtime.Name, Status = VerificationStatus.Failed, Tolerance = tolerance, Detail = attempt.Problem };
            return (attempt.IsUnavailable ? agreement with { Status = VerificationStatus.Unavailable, Tolerance = null } : agreement, 0);
        }

        var compared = subject.Expected(reference, runtime.NeedsFixedShapes, cancellation).Select(e => e.Compare(outputs, tolerance)).ToArray();
        return (RuntimeAgreement.Of(runtime.Name, tolerance, [.. compared.Select(c => c.Agreement)]), compared.MaxBy(c => c.Agreement.Badness).WorstImage);
    }

    private static List<string> Notes(OnnxModel model, ModelRunner facts, VerificationSubject subject, IReadOnlyList<IModelRuntime> runtimes)
    {
        var notes = new List<string>();
        if (model.Graph.Node.Any(n => n.OpType == "DynamicQuantizeLinear"))
        {
            var sizes = runtimes.Select(r => subject.BatchSize(r.NeedsFixedShapes)).Distinct().Select(size => $"{size}");
            notes.Add(
                "values are quantised by the range of a whole batch, so that an image's outputs depend a little on its neighbours: "
                + $"each runtime is compared on the batches that the reference had (of {string.Join(" or ", sizes)})");
        }

        if (facts.TakesPhotos)
        {
            notes.Add("the graph rounds resized pixels to whole numbers, and the last bit decides where one is at a half: in fp32 the tolerance is that of fp16");
        }

        return notes;
    }
}
