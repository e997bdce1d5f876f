namespace OneFractal.Data;

/// <summary>How a contact sheet is laid out.</summary>
public sealed record ContactSheetSettings
{
    /// <summary>Images in a row.</summary>
    public int Columns { get; init; } = 8;

    /// <summary>Most rows.</summary>
    public int Rows { get; init; } = 8;

    /// <summary>Lines of each caption.</summary>
    public int CaptionLines { get; init; } = 1;

    /// <summary>Height and width of each image on the sheet, in pixels; images keep their proportions.</summary>
    public int Tile { get; init; } = 128;
}
