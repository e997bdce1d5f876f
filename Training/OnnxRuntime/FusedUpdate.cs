using System.Numerics;
using Microsoft.ML.OnnxRuntime;

namespace OneFractal.Training;

/// <summary>
/// The update of <see cref="OptimizerGraph"/> in one pass over host memory. ONNX has no operator that moves a parameter: as a graph, the update is a dozen passes, which
/// take three times as long.
/// </summary>
internal sealed unsafe class FusedUpdate : IParameterUpdate
{
    /// <summary>Elements that a thread takes at once: few enough that threads end together, and many enough that taking them costs nothing.</summary>
    private const long PieceLength = 1 << 15;

    private readonly TrainingRecipe _recipe;
    private readonly ParallelOptions _threads;
    private readonly List<Piece> _pieces = [];

    /// <summary>An update of rows in host memory.</summary>
    /// <param name="recipe">Optimizer, decay, clipping and averages.</param>
    /// <param name="rows">What moves, to be disposed after this.</param>
    /// <param name="threads">Threads to compute with; 0 for one per core.</param>
    public FusedUpdate(TrainingRecipe recipe, IEnumerable<ParameterRow> rows, int threads)
    {
        _recipe = recipe;
        _threads = new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount };
        foreach (var row in rows)
        {
            float* At(string name, long start) => row.Values.TryGetValue(name, out var value) ? Address(value) + start : null;
            for (var start = 0L; start < row.Length; start += PieceLength)
            {
                float* State(Func<string, string> nameOf) => At(nameOf(OptimizerGraph.Parameter), start);
                _pieces.Add(new Piece
                {
                    Parameter = At(OptimizerGraph.Parameter, start),
                    Gradient = At(OptimizerGraph.Gradient, start),
                    First = State(recipe.Optimizer == OptimizerKind.Sgd ? StateNames.Momentum : StateNames.FirstMoment),
                    Second = State(StateNames.SecondMoment),
                    Average = State(StateNames.Average),
                    Length = (int)Math.Min(PieceLength, row.Length - start),
                    Decay = row.Decay,
                    Scale = row.Scale,
                });
            }
        }
    }

    /// <inheritdoc />
    public double GradientNorm()
    {
        // By piece, so that the sum does not depend on which thread is first.
        var sums = new double[_pieces.Count];
        Parallel.For(0, sums.Length, _threads, i =>
        {
            var sum = Vector<float>.Zero;
            for (var k = 0; k < _pieces[i].Length; k += Vector<float>.Count)
            {
                var values = Vector.Load(_pieces[i].Gradient + k);
                sum += values * values;
            }

            sums[i] = Vector.Sum(sum);
        });
        return Math.Sqrt(sums.Sum());
    }

    /// <inheritdoc />
    public void Step(StepSettings settings, float gradientNorm)
    {
        var clip = _recipe.ClipGradient > 0 ? Math.Min(1, _recipe.ClipGradient / (gradientNorm + 1e-6)) : 1;
        var step = settings.Step + 1.0;
        var averageWeight = (float)(1 - Math.Min(_recipe.EmaDecay, step / (step + 9)));
        Parallel.For(0, _pieces.Count, _threads, i =>
        {
            var piece = _pieces[i];
            var rate = settings.LearningRate * piece.Scale;
            if (_recipe.Optimizer == OptimizerKind.Sgd)
            {
                Sgd(piece, rate, clip);
            }
            else
            {
                AdamW(piece, rate, clip, step);
            }

            if (piece.Average != null)
            {
                Average(piece, averageWeight);
            }
        });
    }

    /// <summary>Nothing here is its own.</summary>
    public void Dispose()
    {
    }

    private void AdamW(Piece piece, double rate, double clip, double step)
    {
        // m / c₁ / (√(v / c₂) + ε) = m · √c₂ / c₁ / (√v + ε · √c₂)
        var second = Math.Sqrt(1 - Math.Pow(_recipe.Beta2, step));
        var (beta1, share1) = (new Vector<float>((float)_recipe.Beta1), new Vector<float>((float)((1 - _recipe.Beta1) * clip)));
        var (beta2, share2) = (new Vector<float>((float)_recipe.Beta2), new Vector<float>((float)((1 - _recipe.Beta2) * clip * clip)));
        var kept = new Vector<float>((float)(1 - rate * piece.Decay));
        var factor = new Vector<float>((float)(rate * second / (1 - Math.Pow(_recipe.Beta1, step))));
        var epsilon = new Vector<float>((float)(TrainingRecipe.Epsilon * second));
        for (var i = 0; i < piece.Length; i += Vector<float>.Count)
        {
            var gradient = Vector.Load(piece.Gradient + i);
            var m = Vector.Load(piece.First + i) * beta1 + gradient * share1;
            var v = Vector.Load(piece.Second + i) * beta2 + gradient * gradient * share2;
            m.Store(piece.First + i);
            v.Store(piece.Second + i);
            (Vector.Load(piece.Parameter + i) * kept - m * factor / (Vector.SquareRoot(v) + epsilon)).Store(piece.Parameter + i);
        }
    }

    private void Sgd(Piece piece, double rate, double clip)
    {
        var (clips, decay) = (new Vector<float>((float)clip), new Vector<float>(piece.Decay));
        var (keep, move) = (new Vector<float>((float)_recipe.Momentum), new Vector<float>((float)rate));
        for (var i = 0; i < piece.Length; i += Vector<float>.Count)
        {
            var parameter = Vector.Load(piece.Parameter + i);
            var direction = Vector.Load(piece.Gradient + i) * clips + parameter * decay;
            var momentum = Vector.Load(piece.First + i) * keep + direction;
            momentum.Store(piece.First + i);
            (parameter - (_recipe.Nesterov ? direction + momentum * keep : momentum) * move).Store(piece.Parameter + i);
        }
    }

    private static void Average(Piece piece, float weight)
    {
        var weights = new Vector<float>(weight);
        for (var i = 0; i < piece.Length; i += Vector<float>.Count)
        {
            var average = Vector.Load(piece.Average + i);
            (average + (Vector.Load(piece.Parameter + i) - average) * weights).Store(piece.Average + i);
        }
    }

    private static float* Address(OrtValue value)
    {
        fixed (float* address = value.GetTensorMutableDataAsSpan<float>())
        {
            return address;
        }
    }

    /// <summary>Some elements of a row, at their addresses; null for what the optimizer does not keep.</summary>
    private readonly struct Piece
    {
        public float* Parameter { get; init; }

        public float* Gradient { get; init; }

        public float* First { get; init; }

        public float* Second { get; init; }

        public float* Average { get; init; }

        public int Length { get; init; }

        public float Decay { get; init; }

        public double Scale { get; init; }
    }
}
