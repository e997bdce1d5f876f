using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Tests.Training;

[TestClass]
public sealed class FlatAdamWTests
{
    [TestMethod]
    public void Steps_EqualTorchsAdamWAndClipping()
    {
        using var scope = NewDisposeScope();
        var recipe = new TrainingRecipe { WeightDecay = 0.3, ClipGradient = 2.0, LearningRate = 0.01 };
        var model = Backbone.Create("vit-nano", seed: 1);
        using var module = new GraphModule(model);
        using var optimizer = new FlatAdamW(module, recipe);
        var reference = module.OrderedParameters.ToDictionary(
            p => p.Name, p => new TorchSharp.Modules.Parameter(p.Parameter.detach().clone()));
        bool Decays(string name, Tensor p) => p.Dimensions > 1 && name is not ("pos_embed" or "cls_token");
        var decayed = reference.Where(p => Decays(p.Key, p.Value)).Select(p => p.Value).ToArray();
        var exempt = reference.Where(p => !Decays(p.Key, p.Value)).Select(p => p.Value).ToArray();
        using var torchDecayed = optim.AdamW(decayed, weight_decay: recipe.WeightDecay);
        using var torchExempt = optim.AdamW(exempt, weight_decay: 0);
        manual_seed(11);
        for (var step = 0; step < 12; step++)
        {
            // Large and small gradients, so that some steps clip and some do not.
            var scale = step % 2 == 0 ? 1e-2 : 1e-4;
            foreach (var (name, parameter) in module.OrderedParameters)
            {
                var gradient = randn(parameter.shape) * scale;
                using (no_grad())
                {
                    parameter.grad!.copy_(gradient);
                }

                reference[name].grad = gradient;
            }

            var learningRate = 0.01 / (step + 1);
            var expectedNorm = nn.utils.clip_grad_norm_([.. reference.Values], recipe.ClipGradient);
            foreach (var torchOptimizer in new[] { torchDecayed, torchExempt })
            {
                foreach (var group in torchOptimizer.ParamGroups)
                {
                    group.LearningRate = learningRate;
                }

                torchOptimizer.step();
            }

            var norm = optimizer.Step(new StepSettings(step, learningRate, 0));
            // Both sum a million squares in float32, in another order.
            Assert.AreEqual(expectedNorm, norm, 1e-4 * expectedNorm);
        }

        foreach (var (name, parameter) in module.OrderedParameters)
        {
            var error = (parameter - reference[name]).norm() / reference[name].norm();
            Assert.IsLessThanOrEqualTo(2e-6, error.item<float>(), name);
            Assert.AreEqual(0f, parameter.grad!.abs().max().item<float>(), "The gradient is cleared.");
        }
    }
}
