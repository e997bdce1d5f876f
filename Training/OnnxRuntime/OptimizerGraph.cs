namespace OneFractal.Training;

/// <summary>AdamW and SGD, with clipping by the global norm, as standard operators; the formulas of <see cref="FlatAdamW"/> and <see cref="FlatSgd"/>.</summary>
internal static class OptimizerGraph
{
    /// <summary>Adds the step of every parameter that has a gradient: its optimizer state becomes an output. Returns the parameters' next values.</summary>
    public static Dictionary<string, Value> Add(
        GraphBuilder g, TrainingRecipe recipe, IReadOnlyDictionary<string, double> learningRateScales, IReadOnlyDictionary<string, Value> gradients)
    {
        var clip = Clip(g, recipe, [.. gradients.Values]);
        var learningRate = g.Find(TrainStepGraph.LearningRate);
        var next = new Dictionary<string, Value>();
        var steps = new Dictionary<double, Value>();
        Func<string, Value, Value, double, Value, Value> update = recipe.Optimizer == OptimizerKind.Sgd ? Sgd(g, recipe, clip) : AdamW(g, recipe, clip);
        foreach (var (name, gradient) in gradients)
        {
            var parameter = g.Find(name);
            var scale = learningRateScales.GetValueOrDefault(name, 1);
            if (!steps.TryGetValue(scale, out var rate))
            {
                steps[scale] = rate = scale == 1 ? learningRate : g.Scale(learningRate, scale);
            }

            using var scope = g.Scope($"step/{name}");
            var decay = WeightDecay.Applies(name, parameter.Shape.Count) ? recipe.WeightDecay : 0;
            next[name] = update(name, parameter, gradient, decay, rate);
        }

        return next;
    }

    /// <summary>The factor on every gradient, or null where gradients are not clipped; the norm becomes an output.</summary>
    private static Value? Clip(GraphBuilder g, TrainingRecipe recipe, Value[] gradients)
    {
        var squares = gradients.Select(v => g.Node("ReduceSumSquare", [v], ("keepdims", 0))).ToArray();
        var norm = g.Sqrt(squares.Length == 1 ? squares[0] : g.Node("Sum", [.. squares]));
        g.Output(TrainStepGraph.GradientNorm, norm);
        return recipe.ClipGradient > 0
            ? g.Node("Min", [g.Float(1), g.Div(g.Float((float)recipe.ClipGradient), g.Add(norm, g.Float(1e-6f)))])
            : null;
    }

    private static Func<string, Value, Value, double, Value, Value> AdamW(GraphBuilder g, TrainingRecipe recipe, Value? clip)
    {
        const float Epsilon = 1e-8f;
        var step = g.Node("Cast", [g.Add(g.Find(TrainStepGraph.Step), g.Int64(1))], ("to", (int)DataType.Float));
        // 1 − βᵗ in float32 loses digits for a β near 1: 1 − exp(t · log β) does not, with log β rounded once.
        Value Correction(double beta) => g.Sub(g.Float(1), g.Exp(g.Scale(step, Math.Log(beta))));
        // m / c₁ / (√(v / c₂) + ε) = m · √c₂ / c₁ / (√v + ε · √c₂): scalars meet scalars, and a pass over the parameters is saved.
        var second = g.Sqrt(Correction(recipe.Beta2));
        var factor = g.Div(second, Correction(recipe.Beta1));
        var epsilon = g.Scale(second, Epsilon);
        var share1 = clip is null ? g.Float((float)(1 - recipe.Beta1)) : g.Scale(clip, 1 - recipe.Beta1);
        var share2 = clip is null ? g.Float((float)(1 - recipe.Beta2)) : g.Scale(g.Mul(clip, clip), 1 - recipe.Beta2);
        return (name, parameter, gradient, decay, rate) =>
        {
            var m = g.Add(g.Scale(State(g, StateNames.FirstMoment(name), parameter), recipe.Beta1), g.Mul(gradient, share1));
            var v = g.Add(g.Scale(State(g, StateNames.SecondMoment(name), parameter), recipe.Beta2), g.Mul(g.Mul(gradient, gradient), share2));
            g.Output(TrainStepGraph.Next(StateNames.FirstMoment(name)), m);
            g.Output(TrainStepGraph.Next(StateNames.SecondMoment(name)), v);
            var kept = decay > 0 ? g.Mul(parameter, g.Sub(g.Float(1), g.Scale(rate, decay))) : parameter;
            return g.Sub(kept, g.Div(g.Mul(m, g.Mul(rate, factor)), g.Add(g.Sqrt(v), epsilon)));
        };
    }

    private static Func<string, Value, Value, double, Value, Value> Sgd(GraphBuilder g, TrainingRecipe recipe, Value? clip)
    {
        return (name, parameter, gradient, decay, rate) =>
        {
            var clipped = clip is null ? gradient : g.Mul(gradient, clip);
            var direction = decay > 0 ? g.Add(clipped, g.Scale(parameter, decay)) : clipped;
            var momentum = g.Add(g.Scale(State(g, StateNames.Momentum(name), parameter), recipe.Momentum), direction);
            g.Output(TrainStepGraph.Next(StateNames.Momentum(name)), momentum);
            var move = recipe.Nesterov ? g.Add(direction, g.Scale(momentum, recipe.Momentum)) : momentum;
            return g.Sub(parameter, g.Mul(move, rate));
        };
    }

    private static Value State(GraphBuilder g, string name, Value parameter) => g.Input(name, DataType.Float, [.. parameter.Shape]);
}
