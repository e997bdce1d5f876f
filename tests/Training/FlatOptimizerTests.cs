using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace OneFractal.Tests.Training;

[TestClass]
public sealed class FlatOptimizerTests
{
    [TestMethod]
    [DataRow(OptimizerKind.AdamW, 1.0, true)]
    [DataRow(OptimizerKind.AdamW, 0.5, true)]
    [DataRow(OptimizerKind.Sgd, 1.0, true)]
    [DataRow(OptimizerKind.Sgd, 0.5, false)]
    public void Steps_EqualTorchs_WithClippingNoDecaySetAndLayerDecay(OptimizerKind kind, double layerDecay, bool nesterov)
    {
        using var scope = NewDisposeScope();
        var recipe = new TrainingRecipe
        {
            Optimizer = kind, WeightDecay = 0.3, ClipGradient = 2.0, LearningRate = 0.01, LayerDecay = layerDecay, Momentum = 0.8, Nesterov = nesterov,
        };
        var model = Backbone.Create("vit-nano", seed: 1);
        using var module = new GraphModule(model);
        var scales = LayerDecay.Scales(model, layerDecay);
        using var optimizer = FlatOptimizer.Create(module, recipe, scales);
        var reference = module.named_parameters().ToDictionary(p => p.name, p => new Parameter(p.parameter.detach().clone()));
        bool Decays(string name, Tensor p) => p.Dimensions > 1 && name is not ("pos_embed" or "cls_token");
        // torch knows one learning rate and one decay a group.
        var groups = reference.GroupBy(p => (Decays: Decays(p.Key, p.Value), Scale: scales[p.Key])).Select(group =>
        {
            var decay = group.Key.Decays ? recipe.WeightDecay : 0;
            Parameter[] parameters = [.. group.Select(p => p.Value)];
            optim.Optimizer torchs = kind == OptimizerKind.AdamW
                ? optim.AdamW(parameters, weight_decay: decay)
                : optim.SGD(parameters, learningRate: 0.1, momentum: recipe.Momentum, weight_decay: decay, nesterov: nesterov);
            return (Optimizer: torchs, group.Key.Scale);
        }).ToArray();
        manual_seed(11);
        for (var step = 0; step < 12; step++)
        {
            // Large and small gradients, so that some steps clip and some do not.
            var size = step % 2 == 0 ? 1e-2 : 1e-4;
            foreach (var (name, parameter) in module.named_parameters())
            {
                var gradient = randn(parameter.shape) * size;
                parameter.grad = gradient.clone();
                reference[name].grad = gradient;
            }

            var learningRate = 0.01 / (step + 1);
            var expectedNorm = nn.utils.clip_grad_norm_([.. reference.Values], recipe.ClipGradient);
            foreach (var (torchOptimizer, scale) in groups)
            {
                foreach (var group in torchOptimizer.ParamGroups)
                {
                    group.LearningRate = learningRate * scale;
                }

                torchOptimizer.step();
            }

            var norm = optimizer.Step(new StepSettings(step, learningRate, 0));
            // Both sum a million squares in float32, in another order.
            Assert.AreEqual(expectedNorm, norm, 3e-6 * expectedNorm);
        }

        foreach (var (name, parameter) in module.named_parameters())
        {
            var error = (parameter - reference[name]).norm() / reference[name].norm();
            Assert.IsLessThanOrEqualTo(3e-6, error.item<float>(), name);
            Assert.IsNull(parameter.grad, "The gradient is cleared.");
        }
    }

    [TestMethod]
    public void LayerDecay_CountsBlocksFromTheHead()
    {
        var model = Backbone.WithHead(Backbone.Create("vit-nano"), ["a", "b"]);
        var scales = LayerDecay.Scales(model, 0.5);
        Assert.AreEqual(1, scales["head.weight"]);
        Assert.AreEqual(1, scales["norm.bias"]);
        Assert.AreEqual(0.5, scales["blocks.5.mlp.fc2.weight"]);
        Assert.AreEqual(Math.Pow(0.5, 6), scales["blocks.0.attn.qkv.bias"]);
        Assert.AreEqual(Math.Pow(0.5, 7), scales["patch_embed.proj.weight"]);
        Assert.AreEqual(Math.Pow(0.5, 7), scales["pos_embed"]);
        Assert.AreEqual(model.TrainableNames!.Count, scales.Count);
    }
}
