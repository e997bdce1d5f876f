using OneFractal.Training;
using static TorchSharp.torch;

namespace OneFractal.Evaluation;

/// <summary>TorchSharp, which trains the graph; here in evaluation mode on the CPU.</summary>
internal sealed class TorchSharpRuntime : IModelRuntime
{
    public string Name => "TorchSharp CPU";

    public IReadOnlyList<RuntimeTensor> Run(RuntimeJob job, CancellationToken cancellation)
    {
        using var noGradient = no_grad();
        using var module = new GraphModule(job.Model);
        module.eval();
        var results = new List<RuntimeTensor>();
        foreach (var batch in job.Batches)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var outputs = module.Run([.. batch.Select(ToTorch)]);
            results.AddRange(outputs.Zip(job.Model.Graph.Output, (output, declared) => new RuntimeTensor(
                declared.Name, [.. output.shape.Select(d => checked((int)d))], output.contiguous().data<float>().ToArray())));
        }

        return results;
    }

    private static Tensor ToTorch(RuntimeTensor input)
    {
        long[] dims = [.. input.Dims.Select(d => (long)d)];
        return input.Bytes is { } bytes ? tensor(bytes, dims) : tensor(input.Values, dims);
    }
}
