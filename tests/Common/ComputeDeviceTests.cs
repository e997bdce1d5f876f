namespace OneFractal.Tests.Common;

[TestClass]
public sealed class ComputeDeviceTests
{
    [TestMethod]
    [DataRow("auto")]
    [DataRow("cpu")]
    [DataRow("cuda:0")]
    [DataRow("cuda:3")]
    public void Text_RoundTrips(string text) => Assert.AreEqual(text, ComputeDevice.Parse(text).ToString());

    [TestMethod]
    public void Cuda_IsTheFirstDevice() => Assert.AreEqual(new ComputeDevice(ComputeDeviceKind.Cuda, 0), ComputeDevice.Parse(" CUDA "));

    [TestMethod]
    [DataRow("gpu")]
    [DataRow("cuda:")]
    [DataRow("cuda:-1")]
    [DataRow("cuda:x")]
    [DataRow("")]
    public void AnythingElse_IsRefused(string text) => Assert.ThrowsExactly<UsageException>(() => ComputeDevice.Parse(text));
}
