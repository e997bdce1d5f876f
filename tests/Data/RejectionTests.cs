using OneFractal.Data.Fractals;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class RejectionTests
{
    [TestMethod]
    public void Rejected_images_are_drawn_again_the_same_way_alone_and_side_by_side()
    {
        // A minimum near the fill of the typical image, so that about half of the attempts fail.
        var easy = new FractalSetSettings { Classes = 40, Seed = 3, Perturbation = new Perturbation { Delta = 0.3 }, Render = new RenderSettings { Size = 64, Points = 2000 } };
        var system = FractalSet.Create(easy).BaseSystems;
        var fills = Enumerable.Range(0, 40).Select(i => new FractalSet(easy, system).Render(i, new byte[4096])[1] / 4096).Order().ToArray();
        var set = new FractalSet(easy with { Render = easy.Render with { MinimumFill = fills[20] } }, system);
        var images = Enumerable.Range(0, 40).Select(_ => new Memory<byte>(new byte[4096])).ToArray();
        var together = set.RenderMany([.. Enumerable.Range(0, 40)], images);
        Assert.IsGreaterThan(10, together.Count(p => p[0] > 1));
        for (var i = 0; i < 40; i++)
        {
            var pixels = new byte[4096];
            CollectionAssert.AreEqual(set.Render(i, pixels), together[i]);
            CollectionAssert.AreEqual(pixels, images[i].ToArray());
        }
    }
}
