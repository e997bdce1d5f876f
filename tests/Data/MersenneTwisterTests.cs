using OneFractal.Data.Fractals;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class MersenneTwisterTests
{
    [TestMethod]
    public void The_ten_thousandth_number_of_the_default_seed_is_the_one_the_cpp_standard_demands()
    {
        // [rand.predef] of the C++ standard: mt19937 seeded with 5489.
        var generator = new MersenneTwister(5489u);
        for (var i = 1; i < 10_000; i++)
        {
            generator.NextUInt32();
        }

        Assert.AreEqual(4123659995u, generator.NextUInt32());
    }

    [TestMethod]
    public void Seeding_by_a_key_gives_the_authors_first_numbers()
    {
        // From mt19937ar.out, which its authors publish: init_by_array of 0x123, 0x234, 0x345, 0x456.
        var generator = new MersenneTwister([0x123u, 0x234u, 0x345u, 0x456u]);
        CollectionAssert.AreEqual(
            new[] { 1067595299u, 955945823u, 477289528u, 4107218783u, 4228976476u },
            Enumerable.Range(0, 5).Select(_ => generator.NextUInt32()).ToArray());
    }

    [TestMethod]
    public void Masks_do_not_depend_on_how_many_are_asked_for_at_a_time()
    {
        var whole = new ushort[20_000];
        new PythonRandom(12).FillMasks(whole);
        Assert.IsTrue(whole.All(mask => mask is >= 1 and <= 511));
        var random = new PythonRandom(12);
        var pieces = new ushort[20_000];
        for (var (from, length) = (0, 1); from < pieces.Length; from += length, length = length * 7 % 997 + 1)
        {
            random.FillMasks(pieces.AsSpan(from, Math.Min(length, pieces.Length - from)));
        }

        CollectionAssert.AreEqual(whole, pieces);
    }
}
