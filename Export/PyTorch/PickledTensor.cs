namespace OneFractal.Export;

/// <summary>A view of a storage, as <c>torch._utils._rebuild_tensor_v2</c> is told of it. Nothing is checked yet.</summary>
/// <param name="Storage">The memory, which several tensors may share.</param>
/// <param name="Offset">Where the first element is, in elements.</param>
/// <param name="Size">The shape.</param>
/// <param name="Stride">Elements from one to the next, for each dimension.</param>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Size, long[] Stride);
