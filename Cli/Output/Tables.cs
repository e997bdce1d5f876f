using Spectre.Console;

namespace OneFractal.Cli.Output;

/// <summary>Tables on standard output: with lines on a terminal, as Markdown elsewhere.</summary>
internal static class Tables
{
    /// <summary>Prints a table of plain text. Columns of numbers are aligned to the right.</summary>
    public static void Print(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        bool[] numeric = [.. headers.Select((_, column) => IsNumeric(rows, column))];
        if (Terminal.IsOutTerminal)
        {
            PrintLines(headers, rows, numeric);
        }
        else
        {
            PrintMarkdown(headers, rows, numeric);
        }
    }

    private static void PrintLines(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows, bool[] numeric)
    {
        var table = new Table { Border = TableBorder.Rounded };
        for (var i = 0; i < headers.Count; i++)
        {
            var column = new TableColumn(new Text(headers[i]));
            table.AddColumn(numeric[i] ? column.RightAligned() : column);
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        Terminal.Out.Write(table);
    }

    private static void PrintMarkdown(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows, bool[] numeric)
    {
        int[] widths = [.. headers.Select((header, column) => rows.Select(r => r[column].Length).Append(header.Length).Append(3).Max())];
        string Line(Func<int, string> cell) => $"| {string.Join(" | ", widths.Select((_, column) => cell(column)))} |";
        string Pad(string text, int column) => numeric[column] ? text.PadLeft(widths[column]) : text.PadRight(widths[column]);

        Console.Out.WriteLine(Line(column => Pad(headers[column], column)));
        Console.Out.WriteLine(Line(column => numeric[column] ? new string('-', widths[column] - 1) + ":" : new string('-', widths[column])));
        foreach (var row in rows)
        {
            Console.Out.WriteLine(Line(column => Pad(row[column], column)));
        }
    }

    // Cells may carry a unit ("81.2 %"), or "-" where there is no number.
    private static bool IsNumeric(IReadOnlyList<IReadOnlyList<string>> rows, int column)
    {
        return rows.Any(r => StartsWithNumber(r[column])) && rows.All(r => r[column] is "-" or "" || StartsWithNumber(r[column]));
    }

    private static bool StartsWithNumber(string cell) => cell.TrimStart('-', '+') is [var first, ..] && char.IsAsciiDigit(first);
}
