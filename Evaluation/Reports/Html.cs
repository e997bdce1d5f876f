using System.Net;
using System.Text;

namespace OneFractal.Evaluation;

/// <summary>A page that is written from top to bottom. Text is escaped; markup is only what <see cref="Raw"/> is given.</summary>
internal sealed class Html
{
    private readonly StringBuilder _text = new();

    /// <summary>Text as it is, safe in elements and in attributes.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Markup as it is.</summary>
    public Html Raw(string markup)
    {
        _text.Append(markup).Append('\n');
        return this;
    }

    /// <summary>An element that holds text.</summary>
    public Html Element(string tag, string text, string? cssClass = null)
    {
        return Raw($"<{tag}{(cssClass is null ? "" : $" class=\"{cssClass}\"")}>{Escape(text)}</{tag}>");
    }

    /// <summary>A picture that is part of the page.</summary>
    public Html Png(byte[] png, string description, string? cssClass = null)
    {
        return Raw($"<img{(cssClass is null ? "" : $" class=\"{cssClass}\"")} alt=\"{Escape(description)}\" src=\"data:image/png;base64,{Convert.ToBase64String(png)}\">");
    }

    /// <summary>A table of text; numbers are aligned to the right.</summary>
    public Html Table(IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows)
    {
        Raw("<div class=\"scroll\"><table><thead><tr>");
        foreach (var header in headers)
        {
            Element("th", header);
        }

        Raw("</tr></thead><tbody>");
        foreach (var row in rows)
        {
            Raw("<tr>");
            foreach (var cell in row)
            {
                Element("td", cell, MarkdownTable.IsNumber(cell) ? "number" : null);
            }

            Raw("</tr>");
        }

        return Raw("</tbody></table></div>");
    }

    /// <inheritdoc />
    public override string ToString() => _text.ToString();
}
