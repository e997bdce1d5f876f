using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>Which torch device a <see cref="ComputeDevice"/> means.</summary>
public static class TorchDevices
{
    /// <summary>The device; on CUDA, matrix products may use TF32 from now on.</summary>
    /// <exception cref="OneFractalException">CUDA was asked for and is not there.</exception>
    public static Device Resolve(ComputeDevice device)
    {
        if (device.Kind == ComputeDeviceKind.Cpu || (device.Kind == ComputeDeviceKind.Auto && !cuda.is_available()))
        {
            return CPU;
        }

        if (!cuda.is_available() || device.Index >= cuda.device_count())
        {
            throw new OneFractalException(
                $"TorchSharp finds no device {device}: build with ONEFRACTAL_DEVICE=cuda on a machine with an NVIDIA GPU and its driver, or use --device cpu.");
        }

        // Matrix products in TF32: what PyTorch users expect of training on Ampere and later.
        backends.cuda.matmul.allow_tf32 = true;
        backends.cudnn.allow_tf32 = true;
        return new Device(TorchSharp.DeviceType.CUDA, device.Index);
    }
}
