using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Tests.Training;

/// <summary>timm's Vision Transformer written by hand in TorchSharp, as an independent source for outputs and gradients.</summary>
internal sealed class HandWrittenViT(IReadOnlyDictionary<string, Tensor> weights, int depth, int heads, int patch)
{
    public Tensor Features(Tensor images)
    {
        var x = nn.functional.conv2d(images, weights["patch_embed.proj.weight"], weights["patch_embed.proj.bias"], strides: [patch, patch])
            .flatten(2).transpose(1, 2);
        var (batch, width) = (x.shape[0], x.shape[2]);
        x = cat([weights["cls_token"].expand(batch, -1, -1), x], 1) + weights["pos_embed"];
        for (var i = 0; i < depth; i++)
        {
            x = x + Attention(Norm(x, $"blocks.{i}.norm1"), $"blocks.{i}.attn");
            var hidden = nn.functional.gelu(Linear(Norm(x, $"blocks.{i}.norm2"), $"blocks.{i}.mlp.fc1"));
            x = x + Linear(hidden, $"blocks.{i}.mlp.fc2");
        }

        return Norm(x, "norm")[TensorIndex.Ellipsis, 0, TensorIndex.Colon];
    }

    public Tensor Logits(Tensor images) => Linear(Features(images), "head");

    private Tensor Attention(Tensor x, string name)
    {
        var (batch, tokens, width) = (x.shape[0], x.shape[1], x.shape[2]);
        var head = width / heads;
        var qkv = Linear(x, name + ".qkv").reshape(batch, tokens, 3, heads, head).permute(2, 0, 3, 1, 4);
        var (q, k, v) = (qkv[0], qkv[1], qkv[2]);
        var attention = (q / Math.Sqrt(head)).matmul(k.transpose(-2, -1)).softmax(-1);
        return Linear(attention.matmul(v).transpose(1, 2).reshape(batch, tokens, width), name + ".proj");
    }

    private Tensor Linear(Tensor x, string name) => x.matmul(weights[name + ".weight"].t()) + weights[name + ".bias"];

    private Tensor Norm(Tensor x, string name)
    {
        return nn.functional.layer_norm(x, [x.shape[^1]], weights[name + ".weight"], weights[name + ".bias"], 1e-6);
    }
}
