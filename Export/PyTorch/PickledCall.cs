namespace OneFractal.Export;

/// <summary>What a state dict may ask to be called. Nothing is: each stands for a value that <see cref="StateDictUnpickler"/> makes itself.</summary>
internal enum PickledCall
{
    /// <summary><c>collections.OrderedDict()</c>.</summary>
    OrderedDict,

    /// <summary><c>torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …)</c>.</summary>
    RebuildTensor,

    /// <summary><c>torch._utils._rebuild_parameter(tensor, …)</c>.</summary>
    RebuildParameter,

    /// <summary><c>argparse.Namespace</c>: the arguments that timm's training script keeps beside the weights. Its content is skipped.</summary>
    Namespace,
}
