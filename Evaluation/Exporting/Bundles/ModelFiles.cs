namespace OneFractal.Evaluation;

/// <summary>A model as one file, or as a graph and a file of weights.</summary>
internal static class ModelFiles
{
    private const string DataSuffix = ".data";

    /// <summary>The files, named by what follows the model's name: the second is written with the first.</summary>
    public static IEnumerable<BundleFile> Of(OnnxModel model, bool external)
    {
        yield return new BundleFile("", path => Save(model, path, external));
        if (external || !model.FitsInline())
        {
            yield return new BundleFile(DataSuffix, _ => { });
        }
    }

    /// <summary>Writes a model; returns the paths of its files.</summary>
    public static IReadOnlyList<string> Write(OnnxModel model, string path, bool external)
    {
        Save(model, path, external);
        return [.. Of(model, external).Select(f => path + f.Name)];
    }

    private static void Save(OnnxModel model, string path, bool external)
    {
        if (external)
        {
            model.SaveWithExternalData(path);
        }
        else
        {
            model.Save(path);
        }
    }
}
