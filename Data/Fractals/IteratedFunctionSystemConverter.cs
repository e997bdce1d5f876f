using System.Text.Json;
using System.Text.Json.Serialization;

namespace OneFractal.Data.Fractals;

/// <summary>Writes a system as one row of seven numbers a map: a, b, c, d, e, f, probability.</summary>
internal sealed class IteratedFunctionSystemConverter : JsonConverter<IteratedFunctionSystem>
{
    private const int RowLength = 7;

    public override IteratedFunctionSystem Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var rows = JsonSerializer.Deserialize<double[][]>(ref reader, options) ?? [];
        if (rows.Any(row => row.Length != RowLength))
        {
            throw new JsonException($"A map has {RowLength} numbers: a, b, c, d, e, f and its probability.");
        }

        try
        {
            return new IteratedFunctionSystem(rows.Select(r => new AffineMap(r[0], r[1], r[2], r[3], r[4], r[5], r[6])));
        }
        catch (ArgumentException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    public override void Write(Utf8JsonWriter writer, IteratedFunctionSystem value, JsonSerializerOptions options)
    {
        // Shortest digits that read back to the same bits: the default of the writer.
        var rows = value.Maps.Select(m => (double[])[m.A, m.B, m.C, m.D, m.E, m.F, m.Probability]);
        JsonSerializer.Serialize(writer, rows, options);
    }
}
