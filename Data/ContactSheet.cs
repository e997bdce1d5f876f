using System.Globalization;
using System.Text;
using OneFractal.Common;
using OneFractal.Data.Transforms;
using OpenCvSharp;

namespace OneFractal.Data;

/// <summary>A picture of many images with their captions.</summary>
public static class ContactSheet
{
    private const int Gap = 6;
    private const int LineHeight = 16;
    private const int CharacterWidth = 7;
    private const double FontScale = 0.4;
    private static readonly Scalar Background = new(32, 32, 32);
    private static readonly Scalar Foreground = new(224, 224, 224);

    /// <summary>Writes a PNG of images of <paramref name="dataset"/>, spread evenly over it, each with the name of its class.</summary>
    /// <exception cref="OneFractalException">An image cannot be read, or the picture cannot be written.</exception>
    public static void Write(string path, IImageDataset dataset, ContactSheetSettings? settings = null)
    {
        settings ??= new ContactSheetSettings();
        var count = Math.Min(dataset.Count, settings.Columns * settings.Rows);
        var indices = Enumerable.Range(0, count).Select(i => (int)((long)i * dataset.Count / count));
        Write(path, indices.Select(i => (dataset.ClassNames[dataset.Label(i)], dataset.Load(i))), settings);
    }

    /// <summary>Writes a PNG of captioned images (8-bit, R, G, B or grey), row by row; the images are disposed. Captions show ASCII only, other letters without their marks.</summary>
    /// <exception cref="OneFractalException">An image cannot be read, or the picture cannot be written.</exception>
    public static void Write(string path, IEnumerable<(string Caption, Mat Image)> tiles, ContactSheetSettings? settings = null)
    {
        settings ??= new ContactSheetSettings();
        var cellWidth = settings.Tile + Gap;
        var cellHeight = settings.Tile + settings.CaptionLines * LineHeight + Gap;
        using var sheet = new Mat(Gap + settings.Rows * cellHeight, Gap + settings.Columns * cellWidth, MatType.CV_8UC3, Background);
        var count = 0;
        foreach (var (caption, image) in tiles.Take(settings.Rows * settings.Columns))
        {
            using (image)
            {
                var (row, column) = Math.DivRem(count++, settings.Columns);
                Place(sheet, image, new Point(Gap + column * cellWidth, Gap + row * cellHeight), settings.Tile);
                foreach (var (line, text) in caption.Split('\n').Take(settings.CaptionLines).Index())
                {
                    var ascii = Ascii(text);
                    var shown = ascii.Length * CharacterWidth <= settings.Tile ? ascii : ascii[..(settings.Tile / CharacterWidth - 1)] + "~";
                    var bottom = (row + 1) * cellHeight - Gap / 2 - (settings.CaptionLines - 1 - line) * LineHeight;
                    Cv2.PutText(sheet, shown, new Point(Gap + column * cellWidth, bottom), HersheyFonts.HersheySimplex, FontScale, Foreground, 1, LineTypes.AntiAlias);
                }
            }
        }

        var rows = Math.Max(1, (count + settings.Columns - 1) / settings.Columns);
        var columns = Math.Clamp(count, 1, settings.Columns);
        using var used = new Mat(sheet, new Rect(0, 0, Gap + columns * cellWidth, Gap + rows * cellHeight));
        Cv2.ImEncode(".png", used, out var png);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    /// <summary>OpenCV's letters are ASCII.</summary>
    private static string Ascii(string text)
    {
        var letters = text.Normalize(NormalizationForm.FormD).Where(c => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark);
        return string.Concat(letters.Select(c => char.IsAscii(c) ? c : '?'));
    }

    private static void Place(Mat sheet, Mat image, Point corner, int tile)
    {
        var scale = (double)tile / Math.Max(image.Rows, image.Cols);
        var size = new Size(Math.Max(1, (int)Math.Round(image.Cols * scale)), Math.Max(1, (int)Math.Round(image.Rows * scale)));
        using var resized = new Mat();
        // Small images are enlarged pixel by pixel, so that one sees what the model sees.
        Resampling.Resize(image, resized, size, scale > 1 ? Interpolation.Nearest : Interpolation.Bilinear);
        using var bgr = resized.CvtColor(resized.Channels() == 3 ? ColorConversionCodes.RGB2BGR : ColorConversionCodes.GRAY2BGR);
        using var target = new Mat(sheet, new Rect(corner, size));
        bgr.CopyTo(target);
    }
}
