using System.Net;
using OneFractal.Evaluation;

namespace OneFractal.Tests.Evaluation;

[TestClass]
public sealed class JobServerTests
{
    private const int Requests = 500, Clients = 4;

    /// <summary>An answer is never a shorter file, whatever requests come before and beside it.</summary>
    [TestMethod]
    public async Task EveryAnswerIsWhole_AndWhatIsNotThereIsNotFound()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["model.onnx"], new byte[100]);
        using var server = new JobServer(new RuntimeFolder(folder.Path), folder["model.onnx"], [], folder.Path);
        var page = new Uri(server.Page);
        await Parallel.ForAsync(0, Clients, async (_, cancellation) =>
        {
            using var client = new HttpClient();
            for (var i = 0; i < Requests; i++)
            {
                var answer = await client.GetByteArrayAsync(new Uri(page, "model"), cancellation);
                Assert.HasCount(100, answer, $"Answer {i}");
            }

            using var missing = await client.GetAsync(new Uri(page, "ort/missing.wasm"), cancellation);
            Assert.AreEqual(HttpStatusCode.NotFound, missing.StatusCode);
        });
    }
}
