namespace OneFractal.Training;

/// <summary>AdamW and SGD, with clipping by the global norm, as standard operators; the formulas of <see cref="FlatAdamW"/> and <see cref="FlatSgd"/>.</summary>
internal static class OptimizerGraph
{
    /// <summary>Input of an update: some parameters, float32 [elements]. Its moments and average are named as those of a parameter of this name.</summary>
    public const string Parameter = "parameter";

    /// <summary>Input of an update: their gradients, float32 [elements].</summary>
    public const string Gradient = "gradient";

    /// <summary>Input of an update: their weight decay, float32 [].</summary>
    public const string Decay = "decay";

    /// <summary>The next values of parameters and moments; <paramref name="decay"/> is null for none.</summary>
    private delegate (Value Parameter, Value[] Moments) Rule(Value parameter, Value gradient, Value[] moments, Value? decay, Value rate);

    /// <summary>What the optimizer keeps of a parameter: how its name becomes that of each moment.</summary>
    public static IReadOnlyList<Func<string, string>> Moments(TrainingRecipe recipe)
    {
        return recipe.Optimizer == OptimizerKind.Sgd ? [StateNames.Momentum] : [StateNames.FirstMoment, StateNames.SecondMoment];
    }

    /// <summary>Adds the step of every parameter that has a gradient: its optimizer state becomes an output. Returns the parameters' next values.</summary>
    public static Dictionary<string, Value> Add(
        GraphBuilder g, TrainingRecipe recipe, IReadOnlyDictionary<string, double> learningRateScales, IReadOnlyDictionary<string, Value> gradients)
    {
        var rule = MakeRule(g, recipe, AddNorm(g, gradients));
        var learningRate = g.Find(TrainStepGraph.LearningRate);
        var next = new Dictionary<string, Value>();
        var steps = new Dictionary<double, Value>();
        foreach (var (name, gradient) in gradients)
        {
            var parameter = g.Find(name);
            var scale = learningRateScales.GetValueOrDefault(name, 1);
            if (!steps.TryGetValue(scale, out var rate))
            {
                steps[scale] = rate = scale == 1 ? learningRate : g.Scale(learningRate, scale);
            }

            using var scope = g.Scope($"step/{name}");
            var decay = recipe.WeightDecay > 0 && WeightDecay.Applies(name, parameter.Shape.Count) ? g.Float((float)recipe.WeightDecay) : null;
            Value[] moments = [.. Moments(recipe).Select(moment => g.Input(moment(name), DataType.Float, [.. parameter.Shape]))];
            (next[name], moments) = rule(parameter, gradient, moments, decay, rate);
            foreach (var (moment, value) in Moments(recipe).Zip(moments))
            {
                g.Output(TrainStepGraph.Next(moment(name)), value);
            }
        }

        return next;
    }

    /// <summary>
    /// The step alone, of any number of elements whose gradient is there: parameters, moments and, where the recipe asks for it, moving averages go in and come out
    /// as <see cref="TrainStepGraph.Next"/>. Each element of what comes out depends on the same element of what goes in, so that it can take its place.
    /// </summary>
    public static OnnxModel BuildUpdate(TrainingRecipe recipe)
    {
        var g = new GraphBuilder("update");
        Value Elements(string name) => g.Input(name, DataType.Float, "elements");
        Value Number(string name) => g.Input(name, DataType.Float);
        g.Input(TrainStepGraph.Step, DataType.Int64);
        var rule = MakeRule(g, recipe, Number(TrainStepGraph.GradientNorm));
        var (next, moments) = rule(
            Elements(Parameter), Elements(Gradient), [.. Moments(recipe).Select(moment => Elements(moment(Parameter)))], Number(Decay), Number(TrainStepGraph.LearningRate));
        g.Output(TrainStepGraph.Next(Parameter), next);
        foreach (var (moment, value) in Moments(recipe).Zip(moments))
        {
            g.Output(TrainStepGraph.Next(moment(Parameter)), value);
        }

        if (recipe.EmaDecay > 0)
        {
            AddAverages(g, recipe.EmaDecay, new Dictionary<string, Value> { [Parameter] = next });
        }

        var model = g.Build();
        TrainStepGraph.NameOutputs(model.Graph);
        return model;
    }

    /// <summary>Adds the global norm of the gradients as an output.</summary>
    public static Value AddNorm(GraphBuilder g, IReadOnlyDictionary<string, Value> gradients)
    {
        var squares = gradients.Values.Select(v => g.Node("ReduceSumSquare", [v], ("keepdims", 0))).ToArray();
        var norm = g.Sqrt(squares.Length == 1 ? squares[0] : g.Node("Sum", [.. squares]));
        g.Output(TrainStepGraph.GradientNorm, norm);
        return norm;
    }

    /// <summary>Adds the moving averages of <see cref="WeightAverage"/> of the values, by what they are the next of, as inputs and outputs.</summary>
    public static void AddAverages(GraphBuilder g, double decay, IReadOnlyDictionary<string, Value> next)
    {
        var step = g.Node("Cast", [g.Find(TrainStepGraph.Step)], ("to", (int)DataType.Float));
        var share = g.Div(g.Add(step, g.Float(1)), g.Add(step, g.Float(10)));
        var weight = g.Sub(g.Float(1), g.Node("Min", [g.Float((float)decay), share]));
        foreach (var (name, value) in next)
        {
            var average = g.Input(StateNames.Average(name), DataType.Float, [.. value.Shape]);
            g.Output(TrainStepGraph.Next(StateNames.Average(name)), g.Add(average, g.Mul(g.Sub(value, average), weight)));
        }
    }

    private static Rule MakeRule(GraphBuilder g, TrainingRecipe recipe, Value norm)
    {
        // The factor on every gradient, or null where gradients are not clipped.
        var clip = recipe.ClipGradient > 0
            ? g.Node("Min", [g.Float(1), g.Div(g.Float((float)recipe.ClipGradient), g.Add(norm, g.Float(1e-6f)))])
            : null;
        return recipe.Optimizer == OptimizerKind.Sgd ? Sgd(g, recipe, clip) : AdamW(g, recipe, clip);
    }

    private static Rule AdamW(GraphBuilder g, TrainingRecipe recipe, Value? clip)
    {
        var step = g.Node("Cast", [g.Add(g.Find(TrainStepGraph.Step), g.Int64(1))], ("to", (int)DataType.Float));
        // 1 − βᵗ in float32 loses digits for a β near 1: 1 − exp(t · log β) does not, with log β rounded once.
        Value Correction(double beta) => g.Sub(g.Float(1), g.Exp(g.Scale(step, Math.Log(beta))));
        // m / c₁ / (√(v / c₂) + ε) = m · √c₂ / c₁ / (√v + ε · √c₂): scalars meet scalars, and a pass over the parameters is saved.
        var second = g.Sqrt(Correction(recipe.Beta2));
        var factor = g.Div(second, Correction(recipe.Beta1));
        var epsilon = g.Scale(second, TrainingRecipe.Epsilon);
        var share1 = clip is null ? g.Float((float)(1 - recipe.Beta1)) : g.Scale(clip, 1 - recipe.Beta1);
        var share2 = clip is null ? g.Float((float)(1 - recipe.Beta2)) : g.Scale(g.Mul(clip, clip), 1 - recipe.Beta2);
        return (parameter, gradient, moments, decay, rate) =>
        {
            var m = g.Add(g.Scale(moments[0], recipe.Beta1), g.Mul(gradient, share1));
            var v = g.Add(g.Scale(moments[1], recipe.Beta2), g.Mul(g.Mul(gradient, gradient), share2));
            var kept = decay is null ? parameter : g.Mul(parameter, g.Sub(g.Float(1), g.Mul(rate, decay)));
            return (g.Sub(kept, g.Div(g.Mul(m, g.Mul(rate, factor)), g.Add(g.Sqrt(v), epsilon))), [m, v]);
        };
    }

    private static Rule Sgd(GraphBuilder g, TrainingRecipe recipe, Value? clip)
    {
        return (parameter, gradient, moments, decay, rate) =>
        {
            var clipped = clip is null ? gradient : g.Mul(gradient, clip);
            var direction = decay is null ? clipped : g.Add(clipped, g.Mul(parameter, decay));
            var momentum = g.Add(g.Scale(moments[0], recipe.Momentum), direction);
            var move = recipe.Nesterov ? g.Add(direction, g.Scale(momentum, recipe.Momentum)) : momentum;
            return (g.Sub(parameter, g.Mul(move, rate)), [momentum]);
        };
    }
}
