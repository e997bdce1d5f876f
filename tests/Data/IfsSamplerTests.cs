using CsCheck;
using OneFractal.Common;
using OneFractal.Data.Fractals;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class IfsSamplerTests
{
    [TestMethod]
    public void Every_system_contracts_and_meets_its_sigma_factor()
    {
        Gen.Select(Gen.Int[2, 8], Gen.Double[0.1, 0.95], Gen.ULong).Sample((maps, share, seed) =>
        {
            var sigma = 0.11 + share * (3 * maps - 0.22);
            var system = IfsSampler.Sample(maps, sigma, new RandomStream(seed));
            return system.Maps.Length == maps
                && Math.Abs(system.SigmaFactor - sigma) <= IfsSampler.SigmaTolerance + 1e-9
                && system.LargestSingularValue <= 1 + 1e-12
                && system.Maps.All(map => Math.Abs(map.E) <= 1 && Math.Abs(map.F) <= 1);
        });
    }

    [TestMethod]
    public void Probabilities_follow_the_areas()
    {
        var system = IfsSampler.Sample(3, 4, new RandomStream(5));
        var total = system.Maps.Sum(map => Math.Abs(map.Determinant));
        foreach (var map in system.Maps)
        {
            Assert.AreEqual(Math.Abs(map.Determinant) / total, map.Probability, 1e-12);
        }
    }

    [TestMethod]
    public void Singular_values_match_the_definition()
    {
        // s1² and s2² are the eigenvalues of MᵀM: their sum is the squared Frobenius norm, their product the squared determinant.
        Gen.Double[-1, 1].Array[4].Sample(m =>
        {
            var map = new AffineMap(m[0], m[1], m[2], m[3], 0, 0, 1);
            var (s1, s2) = (map.LargestSingularValue, map.SmallestSingularValue);
            return s1 >= s2
                && Math.Abs(s1 * s1 + s2 * s2 - m.Sum(v => v * v)) < 1e-9
                && Math.Abs(s1 * s2 - Math.Abs(map.Determinant)) < 1e-9;
        });
    }

    [TestMethod]
    [DataRow(2, 6.0)]
    [DataRow(2, 0.05)]
    [DataRow(2, double.NaN)]
    [DataRow(1, 1.5)]
    public void Impossible_wishes_are_refused(int maps, double sigma)
    {
        Assert.ThrowsExactly<UsageException>(() => IfsSampler.Sample(maps, sigma, new RandomStream(0)));
    }
}
