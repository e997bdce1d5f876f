using Spectre.Console;

namespace OneFractal.Cli.Output;

/// <summary>Tables on standard output: with lines on a terminal, as Markdown elsewhere.</summary>
internal static class Tables
{
    /// <summary>Prints a table of plain text. Columns of numbers are aligned to the right.</summary>
    public static void Print(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        if (Terminal.IsOutTerminal)
        {
            PrintLines(headers, rows);
        }
        else
        {
            Console.Out.Write(MarkdownTable.Format(headers, rows));
        }
    }

    private static void PrintLines(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.Rounded };
        for (var i = 0; i < headers.Count; i++)
        {
            var column = new TableColumn(new Text(headers[i]));
            table.AddColumn(MarkdownTable.IsNumeric(rows, i) ? column.RightAligned() : column);
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        Terminal.Out.Write(table);
    }
}
