using System.Text.Json.Nodes;

namespace OneFractal.Training;

/// <summary>How timm builds a network of ours: the name of its own architecture, and the arguments by which ours differs.</summary>
/// <param name="Architecture">A name that <c>timm.create_model</c> knows.</param>
/// <param name="Arguments">Arguments beside the name, such as <c>img_size</c>; may be empty.</param>
/// <param name="FirstConvolution">Module path of the layer that reads the image (<c>first_conv</c>).</param>
public sealed record TimmNetwork(string Architecture, JsonObject Arguments, string FirstConvolution)
{
    /// <summary>timm's network that takes the weights of <paramref name="model"/> as they are; null where timm has none.</summary>
    public static TimmNetwork? Of(OnnxModel model)
    {
        if (Backbone.Rebuild(model) is null)
        {
            return null;
        }

        var (name, size) = (model.Metadata!.Architecture, model.Metadata.Preprocessing.Height);
        JsonObject Sized(int own) => size == own ? [] : new JsonObject { ["img_size"] = size };
        if (VisionTransformer.Variants.FirstOrDefault(v => v.Architecture == name) is { } vit)
        {
            // Sizes that timm has no name for are its smallest with other numbers.
            return vit.ImageSize >= 224 ? new TimmNetwork(name, Sized(vit.ImageSize), "patch_embed.proj") : new TimmNetwork("vit_tiny_patch16_224", new JsonObject
            {
                ["img_size"] = size, ["patch_size"] = vit.PatchSize, ["embed_dim"] = vit.Width, ["depth"] = vit.Depth, ["num_heads"] = vit.Heads,
            }, "patch_embed.proj");
        }

        if (ResNet.Variants.FirstOrDefault(v => v.Architecture == name) is { } resnet)
        {
            // timm's own have a 7×7 stem and pooling, whatever their arguments.
            return resnet.SmallStem ? null : new TimmNetwork(name, [], "conv1");
        }

        return SwinTransformer.Variants.FirstOrDefault(v => v.Architecture == name) is { } swin ? new TimmNetwork(name, Sized(swin.ImageSize), "patch_embed.proj")
            : new TimmNetwork(name, [], PyramidVisionTransformer.Variants.Any(v => v.Architecture == name) ? "patch_embed.proj" : "stem.proj");
    }
}
