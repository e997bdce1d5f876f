using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>Looks into a model file, whoever wrote it.</summary>
public static class ModelInspector
{
    /// <summary>Reports on a file.</summary>
    /// <param name="path">An ONNX file.</param>
    /// <param name="settings">Where its head is and how large its images are, where the file does not say.</param>
    /// <exception cref="ModelException">Not a usable ONNX file.</exception>
    /// <exception cref="UsageException">The head that is named does not exist.</exception>
    public static ModelReport Inspect(string path, ForeignModelSettings? settings = null)
    {
        settings ??= new ForeignModelSettings();
        var model = OnnxModel.Load(path);
        model = settings.Size is { } size ? BackboneSize.Apply(model, size) : model;
        var graph = GraphInspection.Of(model);
        var unsupported = OperatorCatalogue.Unsupported(model);
        var (head, next) = Next(model, path, settings);
        var initializers = model.Graph.Initializer.Select(t => t.Name).ToHashSet();
        return new ModelReport(
            path,
            model.Opset,
            $"{model.Proto.ProducerName} {model.Proto.ProducerVersion}".Trim(),
            Describe(model.Graph.Input.Where(i => !initializers.Contains(i.Name))),
            Describe(model.Graph.Output),
            graph,
            unsupported,
            head,
            unsupported.Count > 0 ? "it cannot train here, for the operators that are not supported" : next);
    }

    private static (string Head, string Next) Next(OnnxModel model, string path, ForeignModelSettings settings)
    {
        var command = $"onefractal finetune DATA --backbone {path}{(settings.Size is { } size ? $" --size {size}" : "")}";
        try
        {
            var head = settings.HeadAt is null && model.FeaturesValue is { } features
                ? $"after the features '{features}', as the file says"
                : ForeignModel.FindHead(model, settings.HeadAt).Description;
            try
            {
                ForeignModel.Import(model, settings);
                return (head, settings.HeadAt is null ? command : $"{command} --head-at '{settings.HeadAt}'");
            }
            catch (ModelException e)
            {
                return (head, e.Message);
            }
        }
        catch (ModelException e)
        {
            return (e.Message, $"{command} --head-at NAME");
        }
    }

    private static string[] Describe(IEnumerable<OneFractal.Export.Onnx.ValueInfoProto> values) => [.. values.Select(v => $"{v.Name} {TensorInfo.From(v)}")];
}
