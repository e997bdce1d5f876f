namespace OneFractal.Evaluation;

/// <summary>What the pages of reports have in common: they look alike, hold all they need, and load nothing.</summary>
internal static class ReportPage
{
    // The page may show what it holds and load nothing: a browser would refuse to.
    private const string Policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

    private const string Style = """
        body { font: 15px/1.5 system-ui, sans-serif; color: #1c2430; background: #fff; max-width: 1240px; margin: 0 auto; padding: 24px }
        h1 { font-size: 28px; margin: 0 0 4px } h2 { font-size: 20px; margin: 36px 0 8px; border-bottom: 2px solid #d5dbe5 }
        h3 { font-size: 15px; margin: 16px 0 4px } p { margin: 6px 0 }
        table { border-collapse: collapse; margin: 8px 0 } th, td { border-bottom: 1px solid #e3e7ee; padding: 3px 9px; text-align: left; white-space: nowrap }
        th { background: #f2f4f8 } td.number { text-align: right; font-variant-numeric: tabular-nums }
        img { max-width: 100% } .scroll { overflow-x: auto } pre { background: #f2f4f8; padding: 12px; overflow-x: auto; font-size: 12px }
        .better { color: #11702f; font-weight: 600 } .worse { color: #a61b1b; font-weight: 600 } .note { color: #5a6678 }
        .matrix td { text-align: center; padding: 2px 6px; border: 0; min-width: 30px } .matrix th { font-weight: 400; font-size: 12px; border: 0 }
        .mistakes { display: flex; flex-wrap: wrap; gap: 12px } .mistakes figure { margin: 0; width: 120px; font-size: 12px; line-height: 1.3 }
        .mistakes img { width: 96px; image-rendering: pixelated; border: 1px solid #d5dbe5 } details { margin: 8px 0 } summary { cursor: pointer; font-weight: 600 }
        .parts { display: flex; flex-wrap: wrap; gap: 32px; align-items: flex-start }
        """;

    /// <summary>A page up to its heading; what writes it closes body and html.</summary>
    public static Html Begin(string title)
    {
        return new Html()
            .Raw("<!doctype html>")
            .Raw($"<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"{Policy}\">")
            .Raw($"<meta name=\"viewport\" content=\"width=device-width\"><title>OneFractal: {Html.Escape(title)}</title>")
            .Raw($"<style>{Style}</style></head><body>")
            .Element("h1", title);
    }
}
