namespace OneFractal.Training;

/// <summary>
/// A model for images of another size. One of the <see cref="Backbone"/>s is built anew for it, since its graph has sizes in it, and gets the old weights, the
/// position embedding resampled; of any other, the graph is rewritten.
/// </summary>
public static class BackboneSize
{
    private const string Position = "pos_embed";

    /// <summary>A copy of <paramref name="model"/> that takes square images of <paramref name="size"/> pixels.</summary>
    /// <exception cref="UsageException">The architecture does not take that size.</exception>
    /// <exception cref="ModelException">The graph is made for its own size.</exception>
    public static OnnxModel Apply(OnnxModel model, int size)
    {
        if (Backbone.Rebuild(model, size) is not { } result)
        {
            return ImageSize.Apply(model, size);
        }

        var metadata = model.Metadata!;
        var names = result.TrainableNames!.Concat(result.RunningStatistics).ToHashSet();
        var stored = model.Graph.Initializer.ToDictionary(t => t.Name);
        foreach (var tensor in result.Graph.Initializer.Where(t => names.Contains(t.Name)))
        {
            var old = stored[tensor.Name];
            if (old.Dims.SequenceEqual(tensor.Dims))
            {
                tensor.SetFloats(old.ToFloats());
            }
            else if (tensor.Name == Position && tensor.Dims.Count == 3)
            {
                var (from, to) = ((int)Math.Sqrt(old.Dims[1]), (int)Math.Sqrt(tensor.Dims[1]));
                tensor.SetFloats(PositionEmbedding.Resample(old.ToFloats(), (int)old.Dims[1] - from * from, from, to));
            }
            else
            {
                throw new ModelException($"'{model.Source}': '{tensor.Name}' has the shape [{string.Join(", ", old.Dims)}], where images of {size} pixels need [{string.Join(", ", tensor.Dims)}].");
            }
        }

        result.Metadata = metadata with { Preprocessing = metadata.Preprocessing with { Height = size, Width = size } };
        return new OnnxModel(result.Proto, model.Source);
    }
}
