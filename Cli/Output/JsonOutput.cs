using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OneFractal.Cli.Output;

/// <summary>Results as JSON: camelCase, enumerations by name, non-ASCII letters as they are.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Prints a result on standard output.</summary>
    public static void Print(object result) => Console.WriteLine(JsonSerializer.Serialize(result, Options));
}
