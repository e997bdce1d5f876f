using Spectre.Console;
using Spectre.Console.Rendering;

namespace OneFractal.Cli.Output;

/// <summary>Time and detail of a bar: what its task's tag writes.</summary>
internal sealed class ProgressTextColumn : ProgressColumn
{
    /// <inheritdoc />
    protected override bool NoWrap => true;

    /// <inheritdoc />
    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text($"{task.Tag}");
}
