namespace OneFractal.Training;

/// <summary>
/// A whole train step as one ONNX file of standard operators, which any ONNX Runtime trains with: forward pass, soft-target cross entropy, backward
/// pass, clipping by the global norm, and AdamW or SGD. State goes in and comes out; the caller feeds what came out in the next time.
/// </summary>
public static class TrainStepGraph
{
    /// <summary>Input: the images, float32 [batch, channels, height, width], under the model's own name for them.</summary>
    public const string Targets = "targets";

    /// <summary>Input: the learning rate of this step, float32 [].</summary>
    public const string LearningRate = "learning_rate";

    /// <summary>Input: number of the step, from 0, int64 [].</summary>
    public const string Step = "step";

    /// <summary>Input: decides what drop path and dropout drop in this step, int64 [], 0 to 2³¹ − 1.</summary>
    public const string Seed = "seed";

    /// <summary>
    /// Input of a <see cref="TrainStepFile"/> alone: true in the first run, which begins with the parameters and statistics that the file stores, bool [].
    /// </summary>
    public const string Restart = "restart";

    /// <summary>Output: mean cross entropy, float32 [].</summary>
    public const string Loss = "loss";

    /// <summary>Output: global norm of the gradient before clipping, float32 [].</summary>
    public const string GradientNorm = "gradient_norm";

    /// <summary>Output: images whose largest logit is at the largest target, int64 [].</summary>
    public const string Correct = "correct";

    private const string SumPrefix = "gradient_sum.";

    /// <summary>Name of the output with the next value of a state input.</summary>
    public static string Next(string state) => "next." + state;

    /// <summary>Name of the output of <see cref="BuildGradients"/> with the gradient of a parameter.</summary>
    internal static string Gradient(string parameter) => "gradient." + parameter;

    /// <summary>Name under which a <see cref="TrainStepFile"/> stores what a parameter or statistic begins with.</summary>
    public static string Initial(string name) => "initial." + name;

    /// <summary>
    /// Builds the step of <paramref name="model"/>, which ends in logits [batch, classes]. Its parameters, running statistics and optimizer state are inputs under
    /// the names that checkpoints use, and outputs under <see cref="Next"/>.
    /// </summary>
    /// <param name="model">The graph that trains; it is not changed.</param>
    /// <param name="recipe">Optimizer, decay, clipping and drop path.</param>
    /// <param name="batch">Images in a step.</param>
    /// <exception cref="ModelException">The graph has a shape that is not known, or an operator that cannot be differentiated.</exception>
    public static OnnxModel Build(OnnxModel model, TrainingRecipe recipe, int batch) => Build(model, recipe, batch, null);

    /// <summary>As <see cref="Build(OnnxModel, TrainingRecipe, int)"/>, in so many parts of the batch, null for as many as are best; or as a GPU computes it best.</summary>
    internal static OnnxModel Build(OnnxModel model, TrainingRecipe recipe, int batch, int? inParts, bool forGpu = false)
    {
        var (builder, result, gradients, statistics) = Differentiate(model, recipe, batch, inParts, forGpu);
        var next = OptimizerGraph.Add(builder, recipe, LayerDecay.Scales(model, recipe.LayerDecay), gradients);
        // What the loss does not depend on stays as it is.
        foreach (var name in (model.TrainableNames ?? []).Where(n => !next.ContainsKey(n)))
        {
            next[name] = builder.Find(name);
        }

        foreach (var (name, value) in next)
        {
            builder.Output(Next(name), value);
        }

        if (recipe.EmaDecay > 0)
        {
            OptimizerGraph.AddAverages(builder, recipe.EmaDecay, next.Concat(statistics).ToDictionary());
        }

        return Finish(result);
    }

    /// <summary>
    /// The step without the optimizer: the gradients come out, under <see cref="Gradient"/>, and of the state only running statistics and their averages. For an
    /// optimizer that keeps the rest in its place. A gradient has the elements of its parameter in their order, but the shape in which it was computed: giving it the
    /// parameter's would be a copy. For a GPU, their norm comes out as well; on the CPU <see cref="FusedUpdate"/> computes it.
    /// </summary>
    internal static OnnxModel BuildGradients(OnnxModel model, TrainingRecipe recipe, int batch, bool forGpu)
    {
        var (builder, result, gradients, statistics) = Differentiate(model, recipe, batch, null, forGpu);
        if (forGpu)
        {
            OptimizerGraph.AddNorm(builder, gradients);
        }

        foreach (var (name, value) in gradients)
        {
            var computed = value;
            while (builder.Producer(computed) is { OpType: "Reshape" } reshape)
            {
                computed = builder.Find(reshape.Input[0]);
            }

            builder.Output(Gradient(name), computed);
        }

        if (recipe.EmaDecay > 0)
        {
            OptimizerGraph.AddAverages(builder, recipe.EmaDecay, statistics);
        }

        return Finish(result);
    }

    /// <summary>Forward and backward pass, and the values behind them: the gradient of each parameter, and the next of each running statistic.</summary>
    private static (GraphBuilder Builder, OnnxModel Model, IReadOnlyDictionary<string, Value> Gradients, IReadOnlyDictionary<string, Value> Statistics) Differentiate(
        OnnxModel model, TrainingRecipe recipe, int batch, int? inParts, bool forGpu)
    {
        var upgraded = WithoutOwnNames(Upgrade(model));
        GradientGraph.RequireRules(upgraded, model.TrainableNames ?? []);
        // A GPU is fastest with the whole batch at once; what a part gains on the CPU is the caches.
        var parts = forGpu ? 1 : inParts ?? MicroBatches.Count(upgraded, batch);
        var result = FixedBatch.Fix(StochasticDepth.Insert(upgraded, recipe.DropPath), batch / parts);
        EarlySelection.Apply(result);
        if (!forGpu && result.RunningStatistics.Count > 0)
        {
            ChannelsFirst.Apply(result);
        }

        var graph = result.Graph;
        var trainable = result.TrainableNames ?? [];
        foreach (var (name, type) in ((string, DataType)[])[(LearningRate, DataType.Float), (Step, DataType.Int64), (Seed, DataType.Int64)])
        {
            graph.Input.Add(new TensorInfo(type, []).ToProto(name));
        }

        HashSet<string> state = [.. trainable, .. result.RunningStatistics];
        var (statistics, composites) = TrainingForm.Apply(result, Seed);
        StateToInputs(graph, state);
        // Of a batch in parts, the parts end where values begin that are the same for all of them: their gradients are summed, and go on once.
        string[] batched = [graph.Input[0].Name, Targets];
        var (fixedNodes, nodes) = parts > 1 ? MicroBatches.Divide(graph, [.. batched, Seed]) : ([], [.. graph.Node]);
        var ends = parts > 1 ? MicroBatches.Ends(fixedNodes, nodes, trainable) : trainable;
        AddOutputs(result, batch, statistics, ends, nodes, composites);
        NameOutputs(graph);
        GraphEdits.RemoveDeadCode(result);
        if (parts > 1)
        {
            MicroBatches.Apply(result, batched, Seed, parts);
        }

        var builder = GraphBuilder.Extend(result);
        var sums = ends.Where(n => builder.Knows(SumPrefix + n)).ToDictionary(n => n, n => builder.Find(SumPrefix + n));
        var gradients = parts > 1 ? GradientGraph.Add(builder, result, sums, trainable, fixedNodes, composites) : sums;
        GraphEdits.Replace(graph.Output, [.. graph.Output.Where(o => !o.Name.StartsWith(SumPrefix, StringComparison.Ordinal))]);
        return (builder, result, gradients, statistics.Keys.ToDictionary(n => n, n => builder.Find(Next(n))));
    }

    /// <summary>The model in which no value has a name that a step gives its own: a foreign graph may call its own values so.</summary>
    /// <exception cref="ModelException">The images or a parameter are called so, which callers know by their names.</exception>
    private static OnnxModel WithoutOwnNames(OnnxModel model)
    {
        string[] known = [model.Graph.Input[0].Name, .. model.TrainableNames ?? [], .. model.RunningStatistics];
        foreach (var name in (string[])[Targets, LearningRate, Step, Seed, Restart, Loss, GradientNorm, Correct, .. MicroBatches.OwnNames])
        {
            if (known.Contains(name))
            {
                throw new ModelException($"'{model.Source}' calls its images or a parameter '{name}', which is an input or output of a train step. Use --backend torchsharp.");
            }

            model = GraphEdits.FreshName(model.Graph, name) is var other && other == name ? model : ValueNames.Rename(model, name, other);
        }

        return model;
    }

    private static OnnxModel Finish(OnnxModel result)
    {
        result.TrainableNames = null;
        result.ResidualBranches = null;
        result.FeaturesValue = null;
        NameOutputs(result.Graph);
        ModelChecker.Check(result);
        return result;
    }

    /// <summary>The model in an opset that has the operators of a train step.</summary>
    /// <exception cref="ModelException">A node cannot be brought there.</exception>
    internal static OnnxModel Upgrade(OnnxModel model)
    {
        try
        {
            return OpsetUpgrade.Apply(model);
        }
        catch (ModelException e)
        {
            throw new ModelException($"{e.Message} Training on ONNX Runtime needs that: use --backend torchsharp.", e);
        }
    }

    /// <summary>
    /// Replaces the outputs of the graph by what follows from them and the input <see cref="Targets"/>: the cross entropy as a share of a mean over
    /// <paramref name="batch"/> images, how many images are right, the gradients, and the next running statistics.
    /// </summary>
    private static void AddOutputs(
        OnnxModel model, int batch, IReadOnlyDictionary<string, Value> statistics, IReadOnlyCollection<string> ends, IReadOnlyCollection<NodeProto> nodes,
        IReadOnlyDictionary<string, GradientRule> composites)
    {
        var builder = GraphBuilder.Extend(model);
        var logits = builder.Find(model.Graph.Output[0].Name);
        var targets = builder.Input(Targets, DataType.Float, [.. logits.Shape]);
        model.Graph.Output.Clear();
        var logProbabilities = builder.Node("LogSoftmax", [logits], ("axis", -1));
        builder.Output(Loss, builder.Scale(builder.ReduceSum(builder.Mul(logProbabilities, targets), false, 0, 1), -1.0 / batch));
        var equal = builder.Node("Equal", [ArgMax(builder, logits), ArgMax(builder, targets)]);
        builder.Output(Correct, builder.ReduceSum(builder.Node("Cast", [equal], ("to", (int)DataType.Int64)), false, 0));
        // Of softmax and cross entropy together; the targets of an image sum to 1.
        var seed = builder.Scale(builder.Sub(builder.Exp(logProbabilities), targets), 1.0 / batch);
        foreach (var (name, gradient) in GradientGraph.Add(
            builder, model, new Dictionary<string, Value> { [logits.Name] = seed }, ends, nodes, composites))
        {
            builder.Output(SumPrefix + name, gradient);
        }

        foreach (var (name, value) in statistics)
        {
            builder.Output(Next(name), value);
        }
    }

    /// <summary>Lets what an output is a copy of be computed under the output's name: the copy would be a pass over memory.</summary>
    internal static void NameOutputs(GraphProto graph)
    {
        var outputs = graph.Output.Select(o => o.Name).ToHashSet();
        var computed = graph.Node.SelectMany(n => n.Output).ToHashSet();
        var names = new Dictionary<string, string>();
        foreach (var copy in graph.Node.Where(n => n.OpType == "Identity" && outputs.Contains(n.Output[0])).ToArray())
        {
            if (computed.Contains(copy.Input[0]) && !outputs.Contains(copy.Input[0]) && names.TryAdd(copy.Input[0], copy.Output[0]))
            {
                graph.Node.Remove(copy);
            }
        }

        foreach (var list in graph.Node.SelectMany(n => new[] { n.Input, n.Output }))
        {
            for (var i = 0; i < list.Count; i++)
            {
                list[i] = names.GetValueOrDefault(list[i], list[i]);
            }
        }
    }

    /// <summary>The graph for scoring: parameters and running statistics are inputs, and the batch is free.</summary>
    internal static OnnxModel BuildEvaluation(OnnxModel model)
    {
        var result = model.Clone();
        StateToInputs(result.Graph, [.. result.TrainableNames ?? [], .. result.RunningStatistics]);
        result.TrainableNames = null;
        return result;
    }

    private static void StateToInputs(GraphProto graph, HashSet<string> names)
    {
        var state = graph.Initializer.Where(t => names.Contains(t.Name)).ToArray();
        var declared = graph.Input.Select(i => i.Name).ToHashSet();
        foreach (var tensor in state)
        {
            graph.Initializer.Remove(tensor);
            if (!declared.Contains(tensor.Name))
            {
                graph.Input.Add(TensorInfo.From(tensor).ToProto(tensor.Name));
            }
        }
    }

    private static Value ArgMax(GraphBuilder builder, Value x) => builder.Node("ArgMax", [x], ("axis", 1), ("keepdims", 0));
}
