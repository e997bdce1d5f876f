using CsCheck;

namespace OneFractal.Tests.Export;

/// <summary>Random choice of one of some values.</summary>
internal static class Choose
{
    public static Gen<T> One<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
