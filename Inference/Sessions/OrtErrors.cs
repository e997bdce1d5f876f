using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;

namespace OneFractal.Inference;

/// <summary>Shortens ONNX Runtime's messages, which carry source paths and stack traces, to what a user can use.</summary>
public static partial class OrtErrors
{
    private const int MaximumLength = 240;

    /// <summary>One line without the prefix and the paths of ONNX Runtime's own sources.</summary>
    public static string Explain(OnnxRuntimeException error)
    {
        var line = SourcePath().Replace(ErrorCode().Replace(error.Message, ""), "").Split('\n')[0].Trim().TrimEnd('.');
        return line.Length <= MaximumLength ? line : line[..MaximumLength] + "…";
    }

    [GeneratedRegex(@"^\[ErrorCode:\w+\]\s*")]
    private static partial Regex ErrorCode();

    [GeneratedRegex(@"/\S+\.(?:cc|h):\d+ ")]
    private static partial Regex SourcePath();
}
