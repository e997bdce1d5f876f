using Microsoft.ML.OnnxRuntime;
using OneFractal.Inference;

namespace OneFractal.Training;

/// <summary>
/// Parameters in a device's memory with their gradients and all that an optimizer keeps of them, and the step that moves them where they are. Those of one weight decay
/// and learning rate lie side by side, so that a step goes over them at once, whatever the sizes of the parameters.
/// </summary>
internal sealed class DeviceOptimizer : IDisposable
{
    /// <summary>Elements of the longest row of parameters, whose bytes an int can count.</summary>
    private const long LongestRow = 1 << 28;

    /// <summary>Elements of which zeros are written at once.</summary>
    private const long ZerosAtOnce = 1 << 19;

    private readonly List<OrtValue> _owned = [];
    private readonly Dictionary<string, OrtValue> _state = [];
    private readonly Dictionary<string, OrtValue> _gradients = [];
    private readonly IParameterUpdate _update;

    /// <summary>Takes memory for the parameters, all 0.</summary>
    /// <param name="memory">Where, to be disposed after this.</param>
    /// <param name="recipe">Optimizer, decay, clipping and averages.</param>
    /// <param name="parameters">Names and shapes of what trains, and the shapes of as many elements that their gradients come in.</param>
    /// <param name="learningRateScales">Factors on the learning rate, by name.</param>
    /// <param name="settings">Device, which is <paramref name="memory"/>'s, and threads.</param>
    /// <param name="asGraph">Whether the update is a graph, as on every device but the CPU.</param>
    public DeviceOptimizer(
        DeviceMemory memory, TrainingRecipe recipe, IEnumerable<(string Name, long[] Shape, long[] GradientShape)> parameters, IReadOnlyDictionary<string, double> learningRateScales,
        SessionSettings settings, bool asGraph)
    {
        string[] kept = [.. OptimizerGraph.Moments(recipe).Select(moment => moment(OptimizerGraph.Parameter)), .. recipe.EmaDecay > 0 ? [StateNames.Average(OptimizerGraph.Parameter)] : (string[])[]];
        var rows = new List<ParameterRow>();
        foreach (var group in parameters.GroupBy(p => (Decays: WeightDecay.Applies(p.Name, p.Shape.Length), Scale: learningRateScales.GetValueOrDefault(p.Name, 1))))
        {
            foreach (var (length, places) in Rows(group))
            {
                var values = new Dictionary<string, OrtValue>();
                foreach (var name in (string[])[OptimizerGraph.Parameter, OptimizerGraph.Gradient, .. kept])
                {
                    var row = values[name] = Own(memory.Allocate(length));
                    Clear(memory, row, length);
                    foreach (var (parameter, start) in places)
                    {
                        if (name == OptimizerGraph.Gradient)
                        {
                            _gradients[parameter.Name] = Own(memory.View(row, start, parameter.GradientShape));
                        }
                        else
                        {
                            _state[name.Replace(OptimizerGraph.Parameter, parameter.Name, StringComparison.Ordinal)] = Own(memory.View(row, start, parameter.Shape));
                        }
                    }
                }

                rows.Add(new ParameterRow(length, values, group.Key.Decays ? (float)recipe.WeightDecay : 0, group.Key.Scale));
            }
        }

        _update = asGraph ? new SessionUpdate(recipe, rows, settings) : new FusedUpdate(recipe, rows, settings.Threads);
    }

    /// <summary>Parameters, moments and averages, under the names of checkpoints.</summary>
    public IReadOnlyDictionary<string, OrtValue> State => _state;

    /// <summary>Where the gradient of each parameter goes before a step.</summary>
    public IReadOnlyDictionary<string, OrtValue> Gradients => _gradients;

    /// <inheritdoc cref="IParameterUpdate.GradientNorm" />
    public double GradientNorm() => _update.GradientNorm();

    /// <summary>Moves all parameters by their gradients, whose norm is given.</summary>
    /// <exception cref="OnnxRuntimeException">The device fails.</exception>
    public void Step(StepSettings settings, float gradientNorm) => _update.Step(settings, gradientNorm);

    /// <inheritdoc />
    public void Dispose()
    {
        _update.Dispose();
        foreach (var value in _owned.AsEnumerable().Reverse())
        {
            value.Dispose();
        }
    }

    /// <summary>Places parameters behind each other, in as few rows as they fit into.</summary>
    private static IEnumerable<(long Length, List<((string Name, long[] Shape, long[] GradientShape) Parameter, long Start)> Places)> Rows(
        IEnumerable<(string Name, long[] Shape, long[] GradientShape)> parameters)
    {
        var (length, places) = (0L, new List<((string, long[], long[]), long)>());
        foreach (var parameter in parameters)
        {
            var count = parameter.Shape.Aggregate(1L, (p, d) => p * d);
            if (places.Count > 0 && length + count > LongestRow)
            {
                yield return (length, places);
                (length, places) = (0, []);
            }

            places.Add((parameter, length));
            length += (count + ParameterRow.Alignment - 1) / ParameterRow.Alignment * ParameterRow.Alignment;
        }

        if (places.Count > 0)
        {
            yield return (length, places);
        }
    }

    private static void Clear(DeviceMemory memory, OrtValue row, long length)
    {
        var zeros = new float[Math.Min(ZerosAtOnce, length)];
        for (var start = 0L; start < length; start += zeros.Length)
        {
            var count = Math.Min(zeros.Length, length - start);
            using var part = memory.View(row, start, [count]);
            memory.Write(part, zeros.AsSpan(0, (int)count));
        }
    }

    private OrtValue Own(OrtValue value)
    {
        _owned.Add(value);
        return value;
    }
}
