using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OneFractal.Evaluation;

/// <summary>How the JSON files of bundles are written.</summary>
internal static class BundleJson
{
    public static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    public static JsonArray Numbers(IEnumerable<float> values) => [.. values.Select(v => JsonValue.Create(v))];

    public static JsonArray Strings(IEnumerable<string> values) => [.. values.Select(v => JsonValue.Create(v))];
}
