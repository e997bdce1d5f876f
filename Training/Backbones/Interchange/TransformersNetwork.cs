using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OneFractal.Training;

/// <summary>
/// A network of ours as Hugging Face Transformers has it: ViT, ResNet and Swin exist there under other parameter names, with queries, keys and values as three
/// layers.
/// </summary>
/// <param name="ModelType">The <c>model_type</c> of its configuration.</param>
/// <param name="ClassName">Its class, with a head or without.</param>
/// <param name="Config">The entries of its configuration that describe the network.</param>
/// <param name="Weights">Its weights under the names they have there.</param>
public sealed partial record TransformersNetwork(string ModelType, string ClassName, JsonObject Config, IReadOnlyList<TensorProto> Weights)
{
    private static readonly (string From, string To)[] TransformerBlock =
    [
        ("norm1", "layernorm_before"), ("norm2", "layernorm_after"), ("attn.proj", "attention.output.dense"), ("mlp.fc1", "intermediate.dense"), ("mlp.fc2", "output.dense"),
    ];

    /// <summary>The network there that takes the weights of <paramref name="model"/>; null where Transformers has none of its own.</summary>
    public static TransformersNetwork? Of(OnnxModel model)
    {
        if (Backbone.Rebuild(model) is null)
        {
            return null;
        }

        var metadata = model.Metadata!;
        var hasHead = metadata.Labels.Count > 0;
        var state = BackboneWeights.ToState(model);
        if (VisionTransformer.Variants.FirstOrDefault(v => v.Architecture == metadata.Architecture) is { } vit)
        {
            var config = new JsonObject
            {
                ["hidden_size"] = vit.Width,
                ["num_hidden_layers"] = vit.Depth,
                ["num_attention_heads"] = vit.Heads,
                ["intermediate_size"] = VisionTransformer.MlpRatio * vit.Width,
                ["hidden_act"] = "gelu",
                ["hidden_dropout_prob"] = 0.0,
                ["attention_probs_dropout_prob"] = 0.0,
                ["initializer_range"] = 0.02,
                ["layer_norm_eps"] = 1e-6,
                ["image_size"] = metadata.Preprocessing.Height,
                ["patch_size"] = vit.PatchSize,
                ["num_channels"] = 3,
                ["qkv_bias"] = true,
                ["encoder_stride"] = vit.PatchSize,
            };
            return hasHead ? Make("vit", "ViT", hasHead, state, VisionName, config) : WithPooler(Make("vit", "ViT", hasHead, state, VisionName, config), vit.Width);
        }

        if (ResNet.Variants.FirstOrDefault(v => v.Architecture == metadata.Architecture) is { SmallStem: false } resnet)
        {
            var factor = resnet.Bottleneck ? 4 : 1;
            return Make("resnet", "ResNet", hasHead, state, ResidualName, new JsonObject
            {
                ["num_channels"] = 3,
                ["embedding_size"] = resnet.StemWidth,
                ["hidden_sizes"] = new JsonArray([.. resnet.Blocks.Select((_, i) => JsonValue.Create(factor * resnet.StemWidth << i))]),
                ["depths"] = Numbers(resnet.Blocks),
                ["layer_type"] = resnet.Bottleneck ? "bottleneck" : "basic",
                ["hidden_act"] = "relu",
                ["downsample_in_first_stage"] = false,
                ["downsample_in_bottleneck"] = false,
            });
        }

        if (SwinTransformer.Variants.FirstOrDefault(v => v.Architecture == metadata.Architecture) is { } swin)
        {
            var positions = model.Graph.Initializer.FirstOrDefault(t => t.Name == SwinTransformer.PositionsName);
            return Make("swin", "Swin", hasHead, WithPositions(state, positions), ShiftedName, new JsonObject
            {
                ["image_size"] = metadata.Preprocessing.Height,
                ["patch_size"] = swin.PatchSize,
                ["num_channels"] = 3,
                ["embed_dim"] = swin.Width,
                ["depths"] = Numbers(swin.Depths),
                ["num_heads"] = Numbers(swin.Heads),
                ["num_layers"] = swin.Depths.Length,
                ["window_size"] = swin.Window,
                ["mlp_ratio"] = 4.0,
                ["qkv_bias"] = true,
                ["hidden_act"] = "gelu",
                ["hidden_dropout_prob"] = 0.0,
                ["attention_probs_dropout_prob"] = 0.0,
                ["drop_path_rate"] = 0.0,
                ["use_absolute_embeddings"] = false,
                ["initializer_range"] = 0.02,
                ["layer_norm_eps"] = 1e-5,
                ["hidden_size"] = metadata.NumFeatures,
            });
        }

        return null;
    }

    private static TransformersNetwork Make(string type, string name, bool hasHead, IEnumerable<TensorProto> state, Func<string, string> rename, JsonObject config)
    {
        // With a head the network is a part of the model, below its type's name.
        string Place(string key) => key.StartsWith("classifier", StringComparison.Ordinal) || !hasHead ? key : $"{type}.{key}";
        var weights = state.SelectMany(SplitAttention).Select(t => new TensorProto(t) { Name = Place(rename(t.Name)) }).ToArray();
        return new TransformersNetwork(type, hasHead ? $"{name}ForImageClassification" : $"{name}Model", config, weights);
    }

    /// <summary>
    /// Transformers' ViTModel ends in a pooling layer, activation(dense(class token)), which it makes up where a file has none. This one changes nothing: ones on
    /// the diagonal and, as the configuration can say since Transformers 4.51, no tanh.
    /// </summary>
    private static TransformersNetwork WithPooler(TransformersNetwork network, int width)
    {
        network.Config["pooler_output_size"] = width;
        network.Config["pooler_act"] = "linear";
        var identity = new float[width * width];
        for (var i = 0; i < width; i++)
        {
            identity[i * (width + 1)] = 1;
        }

        return network with
        {
            Weights =
            [
                .. network.Weights, TensorProtoExtensions.Float("pooler.dense.weight", [width, width], identity),
                TensorProtoExtensions.Float("pooler.dense.bias", [width], new float[width]),
            ],
        };
    }

    /// <summary>timm's one layer for queries, keys and values, [q; k; v], as three.</summary>
    private static IEnumerable<TensorProto> SplitAttention(TensorProto tensor)
    {
        if (!tensor.Name.Contains(".attn.qkv.", StringComparison.Ordinal))
        {
            return [tensor];
        }

        var values = tensor.ToFloats();
        var third = values.Length / 3;
        string[] parts = ["query", "key", "value"];
        return parts.Select((part, i) => TensorProtoExtensions.Float(
            tensor.Name.Replace(".qkv.", $".{part}.", StringComparison.Ordinal), [tensor.Dims[0] / 3, .. tensor.Dims.Skip(1)], values.AsSpan(i * third, third)));
    }

    private static string VisionName(string name)
    {
        var block = Block(name, BlockName(), "encoder.layer.$1.");
        return block is not null ? Attention(block, "attention.attention")
            : name.StartsWith("norm.", StringComparison.Ordinal) ? $"layer{name}"
            : name.StartsWith("head.", StringComparison.Ordinal) ? $"classifier.{name["head.".Length..]}"
            : name switch
            {
                "cls_token" => "embeddings.cls_token",
                "pos_embed" => "embeddings.position_embeddings",
                _ => name.Replace("patch_embed.proj", "embeddings.patch_embeddings.projection", StringComparison.Ordinal),
            };
    }

    private static string ShiftedName(string name)
    {
        var block = Block(name, StageBlockName(), "encoder.layers.$1.blocks.$2.");
        if (block is not null)
        {
            return Attention(block, "attention.self");
        }

        if (DownsampleName().Match(name) is { Success: true } match)
        {
            // timm merges patches when a stage begins, Transformers when the one before it ends.
            var stage = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) - 1;
            return $"encoder.layers.{stage}.downsample.{match.Groups[2].Value}";
        }

        return name.StartsWith("norm.", StringComparison.Ordinal) ? $"layer{name}"
            : name.StartsWith("head.fc.", StringComparison.Ordinal) ? $"classifier.{name["head.fc.".Length..]}"
            : name.Replace("patch_embed.proj", "embeddings.patch_embeddings.projection", StringComparison.Ordinal)
                .Replace("patch_embed.norm", "embeddings.norm", StringComparison.Ordinal);
    }

    private static string ResidualName(string name)
    {
        static string Part(string path)
        {
            return LayerName().Replace(path, m => $"{(m.Groups[1].Value == "conv" ? "convolution" : "normalization")}.");
        }

        if (ResidualBlockName().Match(name) is { Success: true } match)
        {
            var stage = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) - 1;
            var rest = match.Groups[3].Value;
            var place = $"encoder.stages.{stage}.layers.{match.Groups[2].Value}";
            return rest.StartsWith("downsample.", StringComparison.Ordinal)
                ? $"{place}.shortcut.{(rest["downsample.".Length] == '0' ? "convolution" : "normalization")}{rest["downsample.0".Length..]}"
                : $"{place}.layer.{LayerName().Match(rest).Groups[2].Value[0] - '1'}.{Part(rest)}";
        }

        return name.StartsWith("fc.", StringComparison.Ordinal) ? $"classifier.1.{name["fc.".Length..]}" : $"embedder.embedder.{Part(name)}";
    }

    private static string? Block(string name, Regex pattern, string place)
    {
        if (!pattern.IsMatch(name))
        {
            return null;
        }

        var result = pattern.Replace(name, place);
        return TransformerBlock.Aggregate(result, (text, names) => text.Replace($".{names.From}.", $".{names.To}.", StringComparison.Ordinal));
    }

    private static string Attention(string name, string module) => name.Replace(".attn.", $".{module}.", StringComparison.Ordinal);

    /// <summary>Which row of the table of relative positions is of which pair of tokens: Transformers keeps it beside the table, timm computes it.</summary>
    private static IEnumerable<TensorProto> WithPositions(IEnumerable<TensorProto> state, TensorProto? positions)
    {
        const string Table = ".relative_position_bias_table";
        foreach (var tensor in state)
        {
            yield return tensor;
            if (positions is not null && tensor.Name.EndsWith(Table, StringComparison.Ordinal))
            {
                yield return new TensorProto(positions) { Name = tensor.Name[..^Table.Length] + ".relative_position_index" };
            }
        }
    }

    private static JsonArray Numbers(IEnumerable<int> values) => [.. values.Select(v => JsonValue.Create(v))];

    [GeneratedRegex(@"^blocks\.(\d+)\.")]
    private static partial Regex BlockName();

    [GeneratedRegex(@"^layers\.(\d+)\.blocks\.(\d+)\.")]
    private static partial Regex StageBlockName();

    [GeneratedRegex(@"^layers\.(\d+)\.downsample\.(.+)$")]
    private static partial Regex DownsampleName();

    [GeneratedRegex(@"^layer(\d+)\.(\d+)\.(.+)$")]
    private static partial Regex ResidualBlockName();

    [GeneratedRegex(@"^(conv|bn)(\d+)\.")]
    private static partial Regex LayerName();
}
