namespace OneFractal.Training;

/// <summary>A backbone that can be built.</summary>
/// <param name="Name">The name it is created by.</param>
/// <param name="Architecture">timm's name.</param>
/// <param name="ImageSize">Height and width of the images that it is made for, in pixels.</param>
/// <param name="SizeStep">Other sizes are multiples of this; null for an architecture that takes no other.</param>
/// <param name="Build">Makes it for images of a size, from a seed.</param>
internal sealed record BackboneEntry(string Name, string Architecture, int ImageSize, int? SizeStep, Func<int, ulong, OnnxModel> Build);
