using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// A way around a fault of libtorch 2.10 on CPUs: its oneDNN lays convolutions' weights out in blocks of 16 channels and leaves the rest of a last, partly
/// filled block as the memory was, so that outputs and input gradients pick up whatever was there before, NaN included. With channels filled up with zeros
/// to whole blocks there is no such rest. Only convolutions whose channels do not divide by 16 pay for it.
/// </summary>
internal static class WholeChannelBlocks
{
    // A convolution reads images as they are: the fault is not in its layout for so few channels.
    private const long FewChannels = 4;

    /// <summary>Runs a convolution of <paramref name="x"/> with whole blocks of channels; one with groups, whose code is another, as it is.</summary>
    /// <param name="x">[batch, channels, …].</param>
    /// <param name="weight">[outputs, channels, …], or [channels, outputs, …] of a transposed convolution.</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <param name="group">Groups of channels.</param>
    /// <param name="inputAxis">Axis of <paramref name="weight"/> that counts the channels of <paramref name="x"/>.</param>
    /// <param name="convolve">The convolution.</param>
    public static Tensor Run(Tensor x, Tensor weight, Tensor? bias, long group, int inputAxis, Func<Tensor, Tensor, Tensor?, Tensor> convolve)
    {
        var outputs = weight.shape[1 - inputAxis];
        var (missingInputs, missingOutputs) = group > 1 || x.device_type != DeviceType.CPU || x.dtype == ScalarType.Float64
            ? (0, 0)
            : (inputAxis == 1 && weight.shape[1] <= FewChannels ? 0 : Missing(x, weight.shape[inputAxis]), Missing(x, outputs));
        if (missingInputs == 0 && missingOutputs == 0)
        {
            return convolve(x, weight, bias);
        }

        using var wideX = Fill(x, 1, missingInputs);
        using var wideInputs = Fill(weight, inputAxis, missingInputs);
        using var wideWeight = Fill(wideInputs, 1 - inputAxis, missingOutputs);
        using var wideBias = bias is null ? null : Fill(bias, 0, missingOutputs);
        using var result = convolve(wideX, wideWeight, wideBias);
        return result.narrow(1, 0, outputs);
    }

    private static long Missing(Tensor x, long channels)
    {
        // bfloat16 comes in pairs of channels.
        var block = x.dtype == ScalarType.Float32 ? 16 : 32;
        return (block - channels % block) % block;
    }

    private static Tensor Fill(Tensor x, int axis, long count)
    {
        if (count == 0)
        {
            return x.alias();
        }

        // torch counts paddings from the last axis on.
        var pads = new long[2 * (x.Dimensions - axis)];
        pads[^1] = count;
        return nn.functional.pad(x, pads);
    }
}
