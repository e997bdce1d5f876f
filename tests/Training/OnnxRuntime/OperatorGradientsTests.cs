using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Tests.Training.Operators;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Training.OnnxRuntime;

/// <summary>
/// Every operator that TorchSharp differentiates, in all its forms and opsets, on the way that training on ONNX Runtime takes: upgrade, training form, gradient
/// graph. It trains with autograd's gradients (1e-5), or is refused before anything runs.
/// </summary>
[TestClass]
public sealed class OperatorGradientsTests
{
    private const double Tolerance = 1e-5;

    [TestMethod]
    public void EveryForm_HasAutogradsGradients_OrIsRefused_AsTheCatalogueSays()
    {
        using var scope = NewDisposeScope();
        var (trained, failures) = (new SortedSet<string>(StringComparer.Ordinal), new List<string>());
        // Tensors without elements have no gradient. The case of Cast makes float64 of it, which no step graph has: GradientRulesTests has another.
        bool IsTrained(NodeCase c) => c.Differentiable.Any() && c.Inputs.All(x => x is null || x.numel() > 0) && c.OpType != "Cast";
        foreach (var test in OperatorCases.All().Where(c => OperatorTable.IsDifferentiable(c.OpType) && IsTrained(c)))
        {
            using var inner = NewDisposeScope();
            try
            {
                if (TryBuild(test, out var seeds, out var refusal) is not { } model)
                {
                    StringAssert.Contains(refusal!, $"{OpsetUpgrade.Successors.GetValueOrDefault(test.OpType, test.OpType)} '{test.OpType}'", "It names the node.");
                    StringAssert.Contains(refusal!, "--backend torchsharp", "It says what to do.");
                    continue;
                }

                trained.Add(test.OpType);
                // What Dropout drops is another's random numbers.
                if (test.InOnnxRuntime && test.OpType != "Dropout")
                {
                    Compare(test, model, seeds);
                }
            }
            catch (Exception e)
            {
                failures.Add($"{test}: {e.GetType().Name} {e.Message.ReplaceLineEndings(" ")}");
            }
        }

        Assert.IsEmpty(failures, string.Join("\n", failures));
        Assert.AreEqual(string.Join(" ", OperatorCatalogue.List().Where(o => o.OnnxRuntime).Select(o => o.Operator)), string.Join(" ", trained.Append("Cast").Order(StringComparer.Ordinal)));
    }

    private static bool IsConstant(NodeCase test, int input) => !test.Inputs[input]!.is_floating_point() || test.Fixed.Contains(input);

    /// <summary>The graph with an input for the gradient of each output, and the gradients of the inputs as its only outputs.</summary>
    private static OnnxModel? TryBuild(NodeCase test, out string[] seeds, out string? refusal)
    {
        (seeds, refusal) = ([], null);
        var model = test.Model(ScalarType.Float32, i => IsConstant(test, i));
        model.Graph.Input.Add(new TensorInfo(DataType.Int64, []).ToProto("seed"));
        try
        {
            model = TrainStepGraph.Upgrade(model);
            string[] targets = [.. test.Differentiable.Select(i => $"x{i}")];
            GradientGraph.RequireRules(model, targets);
            var composites = TrainingForm.Apply(model, "seed").Composites;
            var g = GraphBuilder.Extend(model);
            Value[] outputs = [.. Enumerable.Range(0, test.Outputs).Select(i => g.Find($"y{i}")).Where(y => y.Info.Type == DataType.Float)];
            var gradients = outputs.ToDictionary(y => y.Name, y => g.Input($"d{y.Name}", DataType.Float, [.. y.Shape]));
            seeds = [.. gradients.Values.Select(v => v.Name)];
            var results = GradientGraph.Add(g, model, gradients, targets, composites: composites);
            model.Graph.Output.Clear();
            foreach (var target in targets)
            {
                g.Output($"d{target}", results[target]);
            }

            return model;
        }
        catch (ModelException e)
        {
            refusal = e.Message;
            return null;
        }
    }

    private static void Compare(NodeCase test, OnnxModel gradients, string[] seeds)
    {
        using var module = new GraphModule(test.Model(ScalarType.Float32, i => IsConstant(test, i)));
        int[] given = [.. Enumerable.Range(0, test.Inputs.Length).Where(i => test.Inputs[i] is not null && !IsConstant(test, i))];
        Tensor[] inputs = [.. given.Select(i => test.Inputs[i]!.to(ScalarType.Float32).clone().requires_grad_())];
        // Norms of batches by the batch's statistics.
        module.train();
        Tensor[] outputs = [.. module.Run(inputs).Where(y => y.is_floating_point())];
        if (outputs.Any(y => y.numel() == 0))
        {
            return;
        }

        Tensor[] weights = [.. outputs.Select(y => rand_like(y) + 0.5)];
        autograd.backward(outputs, weights);

        using var session = new InferenceSession(gradients.Proto.ToByteArray());
        using var run = new RunOptions();
        Tensor[] values = [.. inputs, .. weights];
        OrtValue[] fed = [.. values.Select(v => OrtValue.CreateTensorValueFromMemory(v.detach().contiguous().data<float>().ToArray(), v.shape))];
        using var results = session.Run(run, [.. given.Select(i => $"x{i}"), .. seeds], fed, session.OutputNames);
        Array.ForEach(fed, v => v.Dispose());
        foreach (var (name, result) in session.OutputNames.Zip(results))
        {
            var expected = inputs[Array.IndexOf(given, int.Parse(name[2..], System.Globalization.CultureInfo.InvariantCulture))].grad!;
            var actual = tensor(result.GetTensorDataAsSpan<float>().ToArray(), result.GetTensorTypeAndShape().Shape);
            CollectionAssert.AreEqual(expected.shape, actual.shape, name);
            var error = ((actual - expected).norm() / (expected.norm() + 1e-12)).item<float>();
            Assert.IsLessThanOrEqualTo(Tolerance, error, name);
        }
    }
}
