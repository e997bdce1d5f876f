using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>Writes train steps: one file of standard operators that any ONNX Runtime binding trains with.</summary>
public static class TrainStepExport
{
    /// <summary>Writes the train step to <paramref name="output"/>, and what its inputs and outputs mean to a JSON file beside it.</summary>
    /// <exception cref="UsageException">The output is not a name for a new .onnx file, or the settings do not fit the model.</exception>
    /// <exception cref="ModelException">The model cannot be trained on ONNX Runtime; nothing is written.</exception>
    /// <exception cref="OneFractalException">The file cannot be written.</exception>
    public static TrainStepExportReport Run(TrainStepSettings settings, string output, IProgressReporter? progress = null)
    {
        if (BackboneWeights.IsWeightsFile(output))
        {
            throw new UsageException($"Cannot write a train step to '{output}': name a file that ends in .onnx.");
        }

        ModelExport.CheckOutput(settings.Model, output);
        var step = TrainStepFile.Create(settings, progress);
        step.Save(output);
        var sidecar = Path.ChangeExtension(output, ".json");
        AtomicFile.WriteText(sidecar, TrainStepFile.Sidecar(step));
        var outputs = step.Graph.Output.Select(o => o.Name).ToHashSet();
        var state = step.Graph.Input.Where(i => outputs.Contains(TrainStepGraph.Next(i.Name))).ToArray();
        var fed = step.Graph.Input.Except(state);
        var results = step.Graph.Output.ExceptBy(state.Select(s => TrainStepGraph.Next(s.Name)), o => o.Name);
        return new TrainStepExportReport(
            output, sidecar, new FileInfo(output).Length, step.Opset, ModelExport.Describe(fed), ModelExport.Describe(results), state.Length,
            state.Sum(s => TensorInfo.From(s)!.StaticShape!.Aggregate(1L, (product, length) => product * length)));
    }
}
