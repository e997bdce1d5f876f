using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Tests.Training.Operators;

[TestClass]
public sealed class OperatorTests
{
    /// <summary>Types, shapes and values are ONNX Runtime's, whether integers are constants or come in when the node runs.</summary>
    [TestMethod]
    public void EveryCase_EqualsOnnxRuntime()
    {
        RequireAll(OperatorCases.All().Where(c => c.InOnnxRuntime), c =>
        {
            var expected = c.RunOnnxRuntime();
            foreach (var constant in new[] { true, false })
            {
                var actual = c.Run(ScalarType.Float32, constant);
                for (var i = 0; i < c.Outputs; i++)
                {
                    Assert.AreEqual(expected[i].dtype, actual[i].dtype, $"output {i}");
                    CollectionAssert.AreEqual(expected[i].shape, actual[i].shape, $"output {i}: [{string.Join(",", actual[i].shape)}] for [{string.Join(",", expected[i].shape)}]");
                    var (a, b) = (actual[i].@double(), expected[i].@double());
                    var exact = !expected[i].is_floating_point();
                    Assert.IsTrue(
                        a.allclose(b, exact ? 0 : 1e-5, exact ? 0 : 2e-6, equal_nan: true),
                        $"output {i} (constants {constant}) is off by {(a - b).abs().max().item<double>()}");
                }
            }
        });
    }

    /// <summary>Autograd's gradient of every operator is that of central differences, in float64.</summary>
    [TestMethod]
    public void Gradients_EqualFiniteDifferences()
    {
        RequireAll(OperatorCases.All().Where(c => OperatorTable.IsDifferentiable(c.OpType) && c.Differentiable.Any()), CheckGradient);
    }

    [TestMethod]
    public void EveryOperator_HasACase_AndItsGradientOne()
    {
        using var scope = NewDisposeScope();
        var cases = OperatorCases.All();
        foreach (var (name, _) in OperatorTable.All)
        {
            Assert.Contains(c => c.OpType == name, cases, name);
            Assert.IsTrue(!OperatorTable.IsDifferentiable(name) || cases.Any(c => c.OpType == name && c.Differentiable.Any()), $"{name} has no gradient case");
        }
    }

    private static void RequireAll(IEnumerable<NodeCase> cases, Action<NodeCase> check)
    {
        using var scope = NewDisposeScope();
        var failures = new List<string>();
        foreach (var c in cases)
        {
            try
            {
                using var inner = NewDisposeScope();
                check(c);
            }
            catch (Exception e)
            {
                failures.Add($"{c}: {e.Message.ReplaceLineEndings(" ")}");
            }
        }

        Assert.IsEmpty(failures, string.Join("\n", failures));
    }

    private static void CheckGradient(NodeCase c)
    {
        const double Step = 1e-6;
        bool Constant(int i) => !c.Inputs[i]!.is_floating_point() || c.Fixed.Contains(i);
        using var module = new GraphModule(c.Model(ScalarType.Float64, Constant));
        module.eval();
        int[] given = [.. Enumerable.Range(0, c.Inputs.Length).Where(i => c.Inputs[i] is not null && !Constant(i))];
        Tensor[] inputs = [.. given.Select(i => c.Inputs[i]!.clone().requires_grad_())];
        Tensor[]? weights = null;

        // A weighted sum of all outputs, so that every element counts differently.
        Tensor Loss(Tensor[] at)
        {
            var outputs = module.Run(at).Where(y => y.is_floating_point()).ToArray();
            weights ??= [.. outputs.Select(y => rand_like(y) + 0.5)];
            return outputs.Zip(weights).Select(p => (p.First * p.Second).sum()).Aggregate((a, b) => a + b);
        }

        Loss(inputs).backward();
        using var noGradient = no_grad();
        for (var i = 0; i < inputs.Length; i++)
        {
            var numeric = zeros_like(inputs[i]);
            var (flat, result) = (inputs[i].detach().reshape(-1), numeric.reshape(-1));
            for (var k = 0; k < flat.numel(); k++)
            {
                double At(double by)
                {
                    using var scope = NewDisposeScope();
                    var moved = flat.clone();
                    moved[k] += by;
                    return Loss([.. inputs.Select((x, j) => j == i ? moved.reshape(x.shape) : x.detach())]).item<double>();
                }

                result[k] = (At(Step) - At(-Step)) / (2 * Step);
            }

            Assert.IsTrue(inputs[i].grad is not null, $"no gradient of input {given[i]}");
            var error = (inputs[i].grad! - numeric).abs() / (numeric.abs() + 1);
            Assert.IsTrue(error.numel() == 0 || error.max().item<double>() < 1e-6, $"the gradient of input {given[i]} is off by {(error.numel() == 0 ? 0 : error.max().item<double>())}");
        }
    }
}
