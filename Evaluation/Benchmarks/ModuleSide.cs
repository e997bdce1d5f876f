using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Evaluation;

/// <summary>A network written by hand, with <c>torch.optim.AdamW</c>.</summary>
internal sealed class ModuleSide : IStepSide
{
    private readonly nn.Module<Tensor, Tensor> _module;
    private readonly optim.Optimizer _optimizer;
    private readonly Device _device;
    private readonly StepBatch _batch;

    public ModuleSide(nn.Module<Tensor, Tensor> module, OnnxModel weights, TrainingRecipe recipe, Device device, StepBatch batch)
    {
        (_module, _device, _batch) = (module, device, batch);
        using (no_grad())
        {
            foreach (var (name, parameter) in _module.named_parameters())
            {
                var tensor = weights.FindInitializer(name) ?? throw new OneFractalException($"The graph has no parameter '{name}', which the network written by hand has.");
                using var values = torch.tensor(tensor.ToFloats(), [.. tensor.Dims]);
                parameter.copy_(values);
            }
        }

        _module.to(device);
        _optimizer = optim.AdamW(_module.parameters(), lr: 1e-4, weight_decay: recipe.WeightDecay);
    }

    public void Step(int step)
    {
        using var scope = NewDisposeScope();
        _module.train();
        var logits = _module.call(tensor(_batch.Pixels, _batch.Shape, device: _device));
        var targets = tensor(_batch.Targets, [_batch.Shape[0], StepSubject.Classes], device: _device);
        var loss = (logits.log_softmax(-1) * targets).sum() * (-1.0 / _batch.Shape[0]);
        _optimizer.zero_grad();
        loss.backward();
        _optimizer.step();
        loss.item<float>();
    }

    public float[] Logits()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        _module.eval();
        return [.. _module.call(tensor(_batch.Pixels, _batch.Shape, device: _device)).cpu().data<float>()];
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _module.Dispose();
    }
}
