using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Training;

namespace OneFractal.Tests.Training;

/// <summary>One run of a train step, from the weights of its model and no moments.</summary>
internal static class TrainStepRun
{
    /// <summary>Every output but the number of right images.</summary>
    /// <param name="step">The step.</param>
    /// <param name="model">What it trains.</param>
    /// <param name="seed">What its drop path follows.</param>
    /// <param name="imagesThatDiffer">After so many, the same images follow again.</param>
    public static Dictionary<string, float[]> Outputs(OnnxModel step, OnnxModel model, long seed = 1, int imagesThatDiffer = int.MaxValue)
    {
        using var session = new InferenceSession(step.Proto.ToByteArray());
        using var options = new RunOptions();
        var inputs = new Dictionary<string, OrtValue>();
        try
        {
            foreach (var (name, metadata) in session.InputMetadata)
            {
                long[] shape = [.. metadata.Dimensions.Select(d => (long)d)];
                inputs[name] = name switch
                {
                    TrainStepGraph.Step => OrtValue.CreateTensorValueFromMemory([0L], []),
                    TrainStepGraph.Seed => OrtValue.CreateTensorValueFromMemory([seed], []),
                    TrainStepGraph.LearningRate => OrtValue.CreateTensorValueFromMemory([0.1f], []),
                    _ => OrtValue.CreateTensorValueFromMemory(Values(name, shape, model, (int)Math.Min(imagesThatDiffer, shape.FirstOrDefault(1))), shape),
                };
            }

            var results = session.Run(options, inputs, session.OutputNames);
            using (results)
            {
                return session.OutputNames.Zip(results)
                    .Where(p => p.First != TrainStepGraph.Correct)
                    .ToDictionary(p => p.First, p => p.Second.GetTensorDataAsSpan<float>().ToArray());
            }
        }
        finally
        {
            foreach (var value in inputs.Values)
            {
                value.Dispose();
            }
        }
    }

    private static float[] Values(string name, long[] shape, OnnxModel model, int repeat)
    {
        var count = shape.Aggregate(1L, (p, d) => p * d);
        if (model.FindInitializer(name) is { } stored)
        {
            return [.. stored.ToFloats()];
        }

        if (name == TrainStepGraph.Targets)
        {
            return [.. Enumerable.Range(0, (int)count).Select(i => i % shape[1] == i / shape[1] % repeat % shape[1] ? 1f : 0f)];
        }

        if (name != model.Graph.Input[0].Name)
        {
            return new float[count];
        }

        var random = new Random(5);
        float[] images = [.. Enumerable.Range(0, (int)(count / shape[0] * repeat)).Select(_ => (float)random.NextDouble() - 0.5f)];
        return [.. Enumerable.Range(0, (int)count).Select(i => images[i % images.Length])];
    }
}
