using System.Globalization;

namespace OneFractal.Evaluation;

/// <summary>Where the values of a sweep's axis are drawn: by their logarithms where they span much, at equal distances where they are not numbers.</summary>
internal sealed class SweepAxis
{
    private const double LogarithmicFrom = 20;

    private readonly double[]? _numbers;

    /// <summary>The axis of values, in any order; each may be there several times.</summary>
    public SweepAxis(IEnumerable<string> values)
    {
        var distinct = new List<string>();
        foreach (var value in values.Where(v => !distinct.Any(d => PublishedFigures.IsSame(d, v))))
        {
            distinct.Add(value);
        }

        if (distinct.All(v => PublishedFigures.Number(v) is not null))
        {
            distinct = [.. distinct.OrderBy(v => PublishedFigures.Number(v))];
            _numbers = [.. distinct.Select(v => PublishedFigures.Number(v)!.Value)];
            IsLogarithmic = _numbers[0] > 0 && _numbers[^1] >= LogarithmicFrom * _numbers[0];
        }

        Values = distinct;
    }

    /// <summary>The values in their order.</summary>
    public IReadOnlyList<string> Values { get; }

    /// <summary>Whether the values are numbers, so that a line between them means something.</summary>
    public bool IsNumeric => _numbers is not null;

    /// <summary>Whether equal ratios have equal distances.</summary>
    public bool IsLogarithmic { get; }

    /// <summary>What is below the axis at a value.</summary>
    public string Label(string value) => PublishedFigures.Number(value)?.ToString("0.####", CultureInfo.InvariantCulture) ?? value;

    /// <summary>The place of a value.</summary>
    public double Position(string value)
    {
        var index = Values.Index().First(v => PublishedFigures.IsSame(v.Item, value)).Index;
        return _numbers is null ? index : IsLogarithmic ? Math.Log10(_numbers[index]) : _numbers[index];
    }
}
