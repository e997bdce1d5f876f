namespace OneFractal.Training;

/// <summary>
/// Residual networks (He et al. 2016, arXiv 1512.03385; the stride in a bottleneck's 3×3 convolution, as in torchvision and timm) with timm's parameter names,
/// shapes and initialisation: Kaiming normal over the fan-out, and the last normalisation of each block 0, so that blocks begin as identities. <c>resnet-micro</c> is
/// the same network for 32 pixels: a 3×3 stem without pooling, as the paper's own CIFAR networks have.
/// </summary>
internal static class ResNet
{
    private const float Epsilon = 1e-5f;
    private const float Momentum = 0.9f; // ONNX counts what is kept, PyTorch what is new: 0.1.

    public static readonly ResNetVariant[] Variants =
    [
        new("resnet-micro", "resnet_micro_32", ImageSize: 32, StemWidth: 32, Blocks: [1, 1, 1, 1], Bottleneck: false, SmallStem: true),
        new("resnet18", "resnet18", ImageSize: 224, StemWidth: 64, Blocks: [2, 2, 2, 2], Bottleneck: false, SmallStem: false),
        new("resnet50", "resnet50", ImageSize: 224, StemWidth: 64, Blocks: [3, 4, 6, 3], Bottleneck: true, SmallStem: false),
    ];

    public static OnnxModel Build(ResNetVariant v, ulong seed)
    {
        var g = new GraphBuilder(v.Architecture);
        var images = g.Input("images", DataType.Float, "batch", 3, v.ImageSize, v.ImageSize);
        var x = v.SmallStem ? Conv(g, images, "conv1", v.StemWidth, 3, 1, seed) : Conv(g, images, "conv1", v.StemWidth, 7, 2, seed);
        x = g.Relu(Norm(g, x, "bn1", Initializers.Ones));
        x = v.SmallStem ? x : g.MaxPool2d(x, kernel: 3, stride: 2, padding: 1);
        var (block, last) = (0, v.Blocks.Sum() - 1);
        for (var stage = 0; stage < v.Blocks.Length; stage++)
        {
            for (var i = 0; i < v.Blocks[stage]; i++, block++)
            {
                using (g.Scope($"layer{stage + 1}.{i}"))
                {
                    var (width, stride) = (v.StemWidth << stage, i == 0 && stage > 0 ? 2 : 1);
                    x = Block(g, x, width, stride, v.Bottleneck, depth: block / (double)last, seed);
                }
            }
        }

        var features = g.Rename(g.Node("Flatten", [g.Node("GlobalAveragePool", [x])], ("axis", 1)), "features");
        g.Output(features);
        var model = g.Build(features.Name);
        model.HeadModule = "fc";
        model.Metadata = new ModelMetadata
        {
            Architecture = v.Architecture,
            NumFeatures = (int)features.Length(1),
            Preprocessing = new Preprocessing(3, v.ImageSize, v.ImageSize) { CropFraction = v.SmallStem ? 1 : 0.875 },
        };
        return model;
    }

    private static Value Block(GraphBuilder g, Value x, int width, int stride, bool bottleneck, double depth, ulong seed)
    {
        var outputs = bottleneck ? 4 * width : width;
        (int Width, int Kernel, int Stride)[] layers = bottleneck
            ? [(width, 1, 1), (width, 3, stride), (outputs, 1, 1)]
            : [(width, 3, stride), (outputs, 3, 1)];
        var branch = x;
        for (var i = 0; i < layers.Length; i++)
        {
            var isLast = i == layers.Length - 1;
            branch = Conv(g, branch, $"conv{i + 1}", layers[i].Width, layers[i].Kernel, layers[i].Stride, seed);
            branch = Norm(g, branch, $"bn{i + 1}", isLast ? Initializers.Zeros : Initializers.Ones);
            branch = isLast ? g.ResidualBranch(branch, depth) : g.Relu(branch);
        }

        var shortcut = x;
        if (stride != 1 || x.Length(1) != outputs)
        {
            using (g.Scope("downsample"))
            {
                shortcut = Norm(g, Conv(g, x, "0", outputs, 1, stride, seed), "1", Initializers.Ones);
            }
        }

        return g.Relu(g.Add(branch, shortcut));
    }

    private static Value Conv(GraphBuilder g, Value x, string name, int outputs, int kernel, int stride, ulong seed)
    {
        using (g.Scope(name))
        {
            var weight = g.Parameter("weight", [outputs, x.Length(1), kernel, kernel], Initializers.KaimingFanOut(seed, (long)outputs * kernel * kernel));
            return g.Conv2d(x, weight, null, stride, padding: kernel / 2);
        }
    }

    private static Value Norm(GraphBuilder g, Value x, string name, FillParameter scale)
    {
        using (g.Scope(name))
        {
            long[] shape = [x.Length(1)];
            return g.BatchNormalization(x, g.Parameter("weight", shape, scale), g.Parameter("bias", shape, Initializers.Zeros), Epsilon, Momentum);
        }
    }
}
