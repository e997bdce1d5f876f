using System.Text.Json;
using System.Text.Json.Serialization;

namespace OneFractal.Evaluation;

/// <summary>A device as users name it.</summary>
internal sealed class ComputeDeviceJsonConverter : JsonConverter<ComputeDevice>
{
    public override ComputeDevice Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => ComputeDevice.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, ComputeDevice value, JsonSerializerOptions options) => writer.WriteStringValue($"{value}");
}
