using System.Text;

namespace OneFractal.Common;

/// <summary>Tables as Markdown.</summary>
public static class MarkdownTable
{
    /// <summary>A table of plain text, its columns padded so that it reads well as it is. Columns of numbers are aligned to the right.</summary>
    public static string Format(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        // A bar would end the cell.
        IReadOnlyList<IReadOnlyList<string>> cells = [.. rows.Select(row => row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)).ToArray())];
        bool[] numeric = [.. headers.Select((_, column) => IsNumeric(cells, column))];
        int[] widths = [.. headers.Select((header, column) => cells.Select(r => r[column].Length).Append(header.Length).Append(3).Max())];
        string Line(Func<int, string> cell) => $"| {string.Join(" | ", widths.Select((_, column) => cell(column)))} |";
        string Pad(string text, int column) => numeric[column] ? text.PadLeft(widths[column]) : text.PadRight(widths[column]);

        var text = new StringBuilder();
        text.Append(Line(column => Pad(headers[column], column))).Append('\n');
        text.Append(Line(column => numeric[column] ? new string('-', widths[column] - 1) + ":" : new string('-', widths[column]))).Append('\n');
        foreach (var row in cells)
        {
            text.Append(Line(column => Pad(row[column], column))).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Whether a column holds numbers: its cells may carry a unit ("81.2 %"), or be "-" where there is no number.</summary>
    public static bool IsNumeric(IReadOnlyList<IReadOnlyList<string>> rows, int column)
    {
        return rows.Any(r => IsNumber(r[column])) && rows.All(r => r[column] is "-" or "" || IsNumber(r[column]));
    }

    /// <summary>Whether a cell is a number, with or without a unit after a space: "81.2 %", "6.0e-6", but not "1p-frac".</summary>
    public static bool IsNumber(string cell)
    {
        return cell.TrimStart('-', '+') is [var first, ..] && char.IsAsciiDigit(first) && cell.Split(' ')[0].All(c => char.IsAsciiDigit(c) || "+-.,:e%".Contains(c));
    }
}
