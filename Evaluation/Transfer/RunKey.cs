using System.Security.Cryptography;
using System.Text;

namespace OneFractal.Evaluation;

/// <summary>Short names for settings: the same settings have the same name, on every machine.</summary>
internal static class RunKey
{
    private const int Length = 16;

    /// <summary>The first 64 bits, in hexadecimal, of the SHA-256 of a text.</summary>
    public static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..Length];
}
