using System.Text.Json;

namespace OneFractal.Export;

public sealed partial class OnnxModel
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private const string TrainableKey = "onefractal.trainable";
    private const string ResidualBranchesKey = "onefractal.residual_branches";
    private const string FeaturesKey = "onefractal.features";
    private const string HeadKey = "onefractal.head";
    private const string ConfigKey = "onefractal.config";

    /// <summary>
    /// Names of the initializers that training changes, in graph order; null for a model that does not say (foreign files). Everything
    /// else, BatchNorm's running statistics among it, is a buffer or a constant.
    /// </summary>
    public IReadOnlyList<string>? TrainableNames
    {
        get => Get<string>(TrainableKey);
        set => Set(TrainableKey, value);
    }

    /// <summary>
    /// Names of the initializers that hold BatchNormalization's running mean and variance: buffers, which training moves but gradients do not.
    /// </summary>
    public IReadOnlyList<string> RunningStatistics
    {
        get
        {
            var read = Graph.Node.Where(n => n.IsStandard() && n.OpType == "BatchNormalization").SelectMany(n => n.Input.Skip(3).Take(2)).ToHashSet();
            return [.. Graph.Initializer.Select(t => t.Name).Where(read.Contains)];
        }
    }

    /// <summary>Values at which a residual branch ends, from the first block to the last: where stochastic depth is put in for training.</summary>
    public IReadOnlyList<ResidualBranch>? ResidualBranches
    {
        get => Get<ResidualBranch>(ResidualBranchesKey);
        set => Set(ResidualBranchesKey, value);
    }

    /// <summary>The value that holds the pooled features [batch, features], whether or not a head follows.</summary>
    public string? FeaturesValue
    {
        get => GetProperty(FeaturesKey);
        set => SetProperty(FeaturesKey, value);
    }

    /// <summary>Module path of the classification head's parameters: timm calls it <c>head</c> in most architectures, <c>fc</c> or <c>head.fc</c> in others.</summary>
    public string HeadModule
    {
        get => GetProperty(HeadKey) ?? "head";
        set => SetProperty(HeadKey, value);
    }

    /// <summary>Preprocessing, labels and provenance, or null for a model without them.</summary>
    /// <exception cref="ModelException">The metadata is there but damaged.</exception>
    public ModelMetadata? Metadata
    {
        get
        {
            var json = GetProperty(ConfigKey);
            return json is null ? null : ModelMetadata.FromJson(json, Source);
        }
        set => SetProperty(ConfigKey, value?.ToJson(indented: false));
    }

    /// <summary>A <c>metadata_props</c> entry, or null.</summary>
    public string? GetProperty(string key) => Proto.MetadataProps.FirstOrDefault(p => p.Key == key)?.Value;

    /// <summary>Sets a <c>metadata_props</c> entry; null removes it.</summary>
    public void SetProperty(string key, string? value)
    {
        var entry = Proto.MetadataProps.FirstOrDefault(p => p.Key == key);
        if (value is not null && entry is null)
        {
            Proto.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        }
        else if (value is not null)
        {
            entry!.Value = value;
        }
        else if (entry is not null)
        {
            Proto.MetadataProps.Remove(entry);
        }
    }

    private T[]? Get<T>(string key)
        where T : class
    {
        if (GetProperty(key) is not { } json)
        {
            return null;
        }

        try
        {
            var items = JsonSerializer.Deserialize<T?[]>(json, Json) ?? throw new JsonException("null");
            return [.. items.Select(item => item ?? throw new JsonException("an item is null"))];
        }
        catch (JsonException e)
        {
            throw new ModelException($"'{Source}': metadata '{key}' is not a JSON list of the expected form.", e);
        }
    }

    private void Set<T>(string key, IReadOnlyList<T>? items)
    {
        SetProperty(key, items is null ? null : JsonSerializer.Serialize(items, Json));
    }
}
