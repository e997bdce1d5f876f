using OneFractal.Data;
using OneFractal.Data.Readers;

namespace OneFractal.Evaluation;

/// <summary>The data set of the quickstart.</summary>
internal static class FashionMnistCheck
{
    private const string Name = "Fashion-MNIST";
    private const string Hint = "On Debian and Ubuntu: sudo apt-get install dataset-fashion-mnist (./onefractal quickstart does it)";

    public static Check Files { get; } = new(Name, Read, FindingStatus.Missing, Hint);

    private static Finding Read()
    {
        if (!FashionMnist.IsInstalled)
        {
            return new Finding(Name, FindingStatus.Missing, $"not in {FashionMnist.DefaultFolder}", Hint);
        }

        using var test = FashionMnist.Open(DatasetSplit.Test);
        test.Load(0).Dispose();
        return new Finding(Name, FindingStatus.Ok, FashionMnist.DefaultFolder);
    }
}
