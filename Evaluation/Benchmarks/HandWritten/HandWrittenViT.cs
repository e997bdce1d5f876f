using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Evaluation;

/// <summary>
/// The Vision Transformer with a head as a TorchSharp user writes it, under timm's names: what the graph's speed is compared with.
/// </summary>
internal sealed class HandWrittenViT : nn.Module<Tensor, Tensor>
{
    private readonly TorchSharp.Modules.Conv2d _patches;
    private readonly TorchSharp.Modules.Parameter _classToken;
    private readonly TorchSharp.Modules.Parameter _position;
    private readonly TorchSharp.Modules.Sequential _blocks;
    private readonly TorchSharp.Modules.LayerNorm _norm;
    private readonly TorchSharp.Modules.Linear _head;

    public HandWrittenViT(int imageSize, int patch, int width, int depth, int heads, int classes)
        : base(nameof(HandWrittenViT))
    {
        var tokens = imageSize / patch * (imageSize / patch) + 1;
        _patches = nn.Conv2d(3, width, patch, stride: patch);
        register_module("patch_embed", nn.Sequential(("proj", _patches)));
        _classToken = new TorchSharp.Modules.Parameter(zeros(1, 1, width));
        register_parameter("cls_token", _classToken);
        _position = new TorchSharp.Modules.Parameter(zeros(1, tokens, width));
        register_parameter("pos_embed", _position);
        _blocks = nn.Sequential(Enumerable.Range(0, depth).Select(i => ($"{i}", (nn.Module<Tensor, Tensor>)new Block(width, heads))));
        register_module("blocks", _blocks);
        _norm = nn.LayerNorm(width, eps: 1e-6);
        register_module("norm", _norm);
        _head = nn.Linear(width, classes);
        register_module("head", _head);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = _patches.call(input).flatten(2).transpose(1, 2);
        x = cat([_classToken.expand(x.shape[0], -1, -1), x], 1) + _position;
        x = _norm.call(_blocks.call(x));
        return _head.call(x.select(1, 0)).MoveToOuterDisposeScope();
    }

    private sealed class Block : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.LayerNorm _norm1;
        private readonly TorchSharp.Modules.LayerNorm _norm2;
        private readonly TorchSharp.Modules.Linear _qkv;
        private readonly TorchSharp.Modules.Linear _proj;
        private readonly TorchSharp.Modules.Linear _fc1;
        private readonly TorchSharp.Modules.Linear _fc2;
        private readonly int _heads;

        public Block(int width, int heads)
            : base(nameof(Block))
        {
            _heads = heads;
            register_module("norm1", _norm1 = nn.LayerNorm(width, eps: 1e-6));
            (_qkv, _proj) = (nn.Linear(width, 3 * width), nn.Linear(width, width));
            register_module("attn", nn.Sequential(("qkv", _qkv), ("proj", _proj)));
            register_module("norm2", _norm2 = nn.LayerNorm(width, eps: 1e-6));
            (_fc1, _fc2) = (nn.Linear(width, 4 * width), nn.Linear(4 * width, width));
            register_module("mlp", nn.Sequential(("fc1", _fc1), ("fc2", _fc2)));
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = input + Attention(_norm1.call(input));
            x = x + _fc2.call(nn.functional.gelu(_fc1.call(_norm2.call(x))));
            return x.MoveToOuterDisposeScope();
        }

        private Tensor Attention(Tensor x)
        {
            var (batch, tokens, width) = (x.shape[0], x.shape[1], x.shape[2]);
            var qkv = _qkv.call(x).reshape(batch, tokens, 3, _heads, width / _heads).permute(2, 0, 3, 1, 4).unbind(0);
            var attention = nn.functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
            return _proj.call(attention.transpose(1, 2).reshape(batch, tokens, width));
        }
    }
}
