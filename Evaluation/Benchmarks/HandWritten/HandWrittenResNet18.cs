using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Evaluation;

/// <summary>ResNet-18 as a TorchSharp user writes it (torchvision's layout, Relu in place), under timm's names.</summary>
internal sealed class HandWrittenResNet18 : nn.Module<Tensor, Tensor>
{
    private readonly TorchSharp.Modules.Sequential _stem;
    private readonly TorchSharp.Modules.Sequential[] _stages;
    private readonly TorchSharp.Modules.Linear _head;

    public HandWrittenResNet18(int classes)
        : base(nameof(HandWrittenResNet18))
    {
        var (conv, norm) = (nn.Conv2d(3, 64, 7, stride: 2, padding: 3, bias: false), nn.BatchNorm2d(64));
        register_module("conv1", conv);
        register_module("bn1", norm);
        _stem = nn.Sequential(conv, norm, nn.ReLU(inplace: true), nn.MaxPool2d(3, stride: 2, padding: 1));
        _stages = [Stage(64, 64, 1), Stage(64, 128, 2), Stage(128, 256, 2), Stage(256, 512, 2)];
        for (var i = 0; i < _stages.Length; i++)
        {
            register_module($"layer{i + 1}", _stages[i]);
        }

        register_module("fc", _head = nn.Linear(512, classes));
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = _stages.Aggregate(_stem.call(input), (y, stage) => stage.call(y));
        return _head.call(x.mean([2, 3])).MoveToOuterDisposeScope();
    }

    private static TorchSharp.Modules.Sequential Stage(int from, int to, int stride)
    {
        return nn.Sequential(("0", (nn.Module<Tensor, Tensor>)new Block(from, to, stride)), ("1", new Block(to, to, 1)));
    }

    private sealed class Block : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Conv2d _conv1;
        private readonly TorchSharp.Modules.Conv2d _conv2;
        private readonly TorchSharp.Modules.BatchNorm2d _bn1;
        private readonly TorchSharp.Modules.BatchNorm2d _bn2;
        private readonly TorchSharp.Modules.Sequential? _downsample;

        public Block(int from, int to, int stride)
            : base(nameof(Block))
        {
            register_module("conv1", _conv1 = nn.Conv2d(from, to, 3, stride: stride, padding: 1, bias: false));
            register_module("bn1", _bn1 = nn.BatchNorm2d(to));
            register_module("conv2", _conv2 = nn.Conv2d(to, to, 3, padding: 1, bias: false));
            register_module("bn2", _bn2 = nn.BatchNorm2d(to));
            if (stride != 1 || from != to)
            {
                _downsample = nn.Sequential(("0", nn.Conv2d(from, to, 1, stride: stride, bias: false)), ("1", (nn.Module<Tensor, Tensor>)nn.BatchNorm2d(to)));
                register_module("downsample", _downsample);
            }
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = _bn1.call(_conv1.call(input)).relu_();
            x = _bn2.call(_conv2.call(x));
            var shortcut = _downsample?.call(input) ?? input;
            return x.add_(shortcut).relu_().MoveToOuterDisposeScope();
        }
    }
}
