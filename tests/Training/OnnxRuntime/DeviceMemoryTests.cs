using Microsoft.ML.OnnxRuntime.Tensors;
using OneFractal.Common;
using OneFractal.Training;

namespace OneFractal.Tests.Training.OnnxRuntime;

/// <summary>Where training keeps its state. What runs here on the CPU is all that runs on CUDA; only the name of the memory differs.</summary>
[TestClass]
public sealed class DeviceMemoryTests
{
    [TestMethod]
    [DataRow]
    [DataRow(1L)]
    [DataRow(7L)]
    [DataRow(3L, 5L)]
    [DataRow(64L, 3L, 16L, 16L)]
    [DataRow(0L, 4L)]
    public void Values_ComeBackAsTheyWent(params long[] shape)
    {
        using var memory = new DeviceMemory(ComputeDevice.Cpu);
        var values = TestModels.Noise((int)shape.Aggregate(1L, (p, d) => p * d));
        var (first, second) = (memory.Allocate(shape), memory.Allocate(shape));
        using (first)
        using (second)
        {
            memory.Write(first, values);
            memory.Write(second, new float[values.Length]);
            CollectionAssert.AreEqual(values, memory.Read(first));
            CollectionAssert.AreEqual(new float[values.Length], memory.Read(second));
            CollectionAssert.AreEqual(shape, first.GetTensorTypeAndShape().Shape);
            Assert.AreEqual(TensorElementType.Float, first.GetTensorTypeAndShape().ElementDataType);
            Assert.AreEqual("Cpu", first.GetTensorMemoryInfo().Name);
        }
    }

    [TestMethod]
    public void AView_IsPartOfTheTensor()
    {
        using var memory = new DeviceMemory(ComputeDevice.Cpu);
        var values = TestModels.Noise(24);
        using var whole = memory.Allocate(24);
        using var view = memory.View(whole, 5, [3, 4]);
        memory.Write(whole, values);
        CollectionAssert.AreEqual(values[5..17], memory.Read(view));
        memory.Write(view, new float[12]);
        CollectionAssert.AreEqual((float[])[.. values[..5], .. new float[12], .. values[17..]], memory.Read(whole));
    }

    [TestMethod]
    public void ADeviceThatIsNotThere_IsRefusedByName()
    {
        var error = Assert.Throws<OneFractalException>(() => new DeviceMemory(ComputeDevice.Parse("cuda:99")));
        StringAssert.Contains(error.Message, "cuda:99");
    }
}
