using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Inference;

namespace OneFractal.Training;

/// <summary>
/// The graph of <see cref="TrainStepGraph"/> as a file that is complete in itself: it stores what the parameters and running statistics begin with, says in
/// its metadata what every input and output means, and keeps the graph of the model that it trains, so that the trained model can be had from it.
/// </summary>
public static class TrainStepFile
{
    /// <summary>The <c>metadata_props</c> entry with what the file says of its inputs, outputs and recipe, as JSON.</summary>
    public const string DescriptionKey = "onefractal.train_step";

    private const string ModelKey = "onefractal.train_step.model";

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new(Json) { WriteIndented = true };

    /// <summary>Makes the train step of a model file.</summary>
    /// <param name="settings">The file, its head and how it trains.</param>
    /// <param name="progress">Takes what was found out about a foreign file.</param>
    /// <exception cref="UsageException">Settings that do not fit the model, or a recipe that only TorchSharp can follow.</exception>
    /// <exception cref="ModelException">The file cannot be read, or its graph cannot be trained on ONNX Runtime; the message says why.</exception>
    public static OnnxModel Create(TrainStepSettings settings, IProgressReporter? progress = null)
    {
        var recipe = settings.Recipe.Validated();
        if (settings.Labels is { } names && (names.Count < 2 || names.Any(string.IsNullOrWhiteSpace) || names.Distinct().Count() < names.Count))
        {
            throw new UsageException("The classes of a new head are two or more different names.");
        }

        var model = StartingModel.Load(settings.Model, settings.Foreign, progress ?? NullProgress.Instance);
        if (settings.Labels is { } labels)
        {
            model = TrainingJob.WithFreshHead(model, labels, settings.Seed);
        }
        else if (model.Metadata is not { Labels.Count: > 0 })
        {
            throw new UsageException($"'{settings.Model}' has no head with classes of its own: name the classes with --labels, or say how many with --classes.");
        }

        return Create(model, recipe);
    }

    /// <summary>Makes the train step of a classifier.</summary>
    /// <param name="model">Ends in logits [batch, classes]; it is not changed.</param>
    /// <param name="recipe">Batch size, optimizer, decay, clipping and drop path.</param>
    /// <inheritdoc cref="Create(TrainStepSettings, IProgressReporter?)" path="/exception" />
    public static OnnxModel Create(OnnxModel model, TrainingRecipe recipe)
    {
        if (OnnxRuntimeBackend.Limit(recipe) is { } limit)
        {
            throw new UsageException($"A train step for ONNX Runtime {limit}: take a recipe without accumulation and precision.");
        }

        var step = TrainStepGraph.Build(model, recipe, recipe.BatchSize);
        var outputs = step.Graph.Output.Select(o => o.Name).ToHashSet();
        string[] state = [.. step.Graph.Input.Select(i => i.Name).Where(n => outputs.Contains(TrainStepGraph.Next(n)))];
        var stored = model.Graph.Initializer.ToDictionary(t => t.Name);
        var initial = state.Select(n => (Name: n, Stored: StateNames.Of(n, stored.GetValueOrDefault))).Where(p => p.Stored is not null).ToDictionary(p => p.Name, p => p.Stored!);
        StoredState.Add(step, initial, TrainStepGraph.Restart, TrainStepGraph.Initial);
        step.SetProperty(DescriptionKey, Describe(step, recipe, state, initial).ToJsonString(Json));
        step.SetProperty(ModelKey, Convert.ToBase64String(model.WithoutValues(initial.Keys.ToHashSet()).Proto.ToByteArray()));
        ModelChecker.Check(step);
        RequireUsable(step);
        return step;
    }

    /// <summary>Reads a model file; of a train step, the model that it trains, with the parameters that the file stores.</summary>
    /// <exception cref="ModelException">Not a usable file.</exception>
    public static OnnxModel LoadModel(string path)
    {
        var file = OnnxModel.Load(path);
        if (file.GetProperty(ModelKey) is not { } text)
        {
            return file;
        }

        try
        {
            var model = new OnnxModel(ModelProto.Parser.ParseFrom(Convert.FromBase64String(text)), path);
            if (model.Proto.Graph is null)
            {
                throw new FormatException("It has no graph.");
            }

            var stored = file.Graph.Initializer.ToDictionary(t => t.Name);
            foreach (var tensor in model.Graph.Initializer)
            {
                if (stored.TryGetValue(TrainStepGraph.Initial(tensor.Name), out var initial) && initial.Dims.SequenceEqual(tensor.Dims))
                {
                    tensor.SetFloats(initial.ToFloats());
                }
            }

            ModelChecker.Check(model);
            return model;
        }
        catch (Exception e) when (e is FormatException or InvalidProtocolBufferException)
        {
            throw new ModelException($"'{path}': its metadata '{ModelKey}' is damaged.", e);
        }
    }

    /// <summary>The JSON file for beside a train step: the model's own metadata, and under <c>train_step</c> what the step's inputs and outputs mean.</summary>
    public static string Sidecar(OnnxModel step)
    {
        var root = step.Metadata is { } metadata ? JsonNode.Parse(metadata.ToJson())!.AsObject() : [];
        root["train_step"] = JsonNode.Parse(step.GetProperty(DescriptionKey)!);
        return root.ToJsonString(Indented);
    }

    private static JsonObject Describe(OnnxModel step, TrainingRecipe recipe, string[] state, Dictionary<string, TensorProto> initial)
    {
        var meanings = new Dictionary<string, string>
        {
            [step.Graph.Input[0].Name] = "normalised images (pretrained_cfg: size, mean, std)",
            [TrainStepGraph.Targets] = "class probabilities of each image, rows that sum to 1",
            [TrainStepGraph.LearningRate] = "learning rate of this step",
            [TrainStepGraph.Step] = "number of the step, from 0",
            [TrainStepGraph.Seed] = "decides what drop path and dropout drop, 0 to 2147483647; another in each step",
            [TrainStepGraph.Restart] = "true in the first step, then false: whether what the file stores takes the place of what is fed",
            [TrainStepGraph.Loss] = "mean cross entropy",
            [TrainStepGraph.GradientNorm] = "global norm of the gradient before clipping",
            [TrainStepGraph.Correct] = "images whose largest logit is at the largest target",
        };
        JsonObject Values(IEnumerable<ValueInfoProto> values)
        {
            return new JsonObject(values.Where(v => meanings.ContainsKey(v.Name)).Select(v => KeyValuePair.Create(
                v.Name, (JsonNode?)new JsonObject { ["type"] = $"{TensorInfo.From(v)}", ["meaning"] = meanings[v.Name] })));
        }

        return new JsonObject
        {
            ["batch"] = recipe.BatchSize,
            ["inputs"] = Values(step.Graph.Input),
            ["outputs"] = Values(step.Graph.Output),
            // What comes out goes in the next time.
            ["state"] = new JsonArray([.. state.Select(name => new JsonObject
            {
                ["input"] = name,
                ["output"] = TrainStepGraph.Next(name),
                ["begins_with"] = initial.TryGetValue(name, out var tensor) ? TrainStepGraph.Initial(tensor.Name) : "zeros",
            })]),
            ["recipe"] = Yaml.Write(recipe).TrimEnd(),
        };
    }

    /// <summary>Refuses what ONNX Runtime does not load. Stored values are inputs for that, so that a model of any size can be tried in memory.</summary>
    private static void RequireUsable(OnnxModel step)
    {
        var probe = step.Clone();
        var graph = probe.Graph;
        foreach (var tensor in graph.Initializer.Where(t => t.Name.StartsWith(TrainStepGraph.Initial(""), StringComparison.Ordinal)).ToArray())
        {
            graph.Initializer.Remove(tensor);
            graph.Input.Add(TensorInfo.From(tensor).ToProto(tensor.Name));
        }

        var (session, _) = SessionFactory.Create(
            step.Source, new SessionSettings { Device = ComputeDevice.Cpu }, options => new InferenceSession(probe.Proto.ToByteArray(), options));
        session.Dispose();
    }
}
