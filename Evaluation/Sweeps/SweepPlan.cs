using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>What a sweep has to do: every pre-training and every evaluation once, however many cells come to the same.</summary>
internal sealed class SweepPlan
{
    // To be raised when the same settings come to give other results, so that results of before are not taken for those of now.
    private const int ResultsVersion = 1;

    private SweepPlan(IReadOnlyList<SweepCell> cells, IReadOnlyList<SweepPart> parts, IReadOnlyList<string> notes)
    {
        Cells = cells;
        Parts = parts;
        Notes = notes;
    }

    /// <summary>The cells, in the order of the grid.</summary>
    public IReadOnlyList<SweepCell> Cells { get; }

    /// <summary>What is to be done; a pre-training comes before what needs it.</summary>
    public IReadOnlyList<SweepPart> Parts { get; }

    /// <summary>What was left out, and why.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Resolves a definition, and reads the files that it names; nothing is written.</summary>
    /// <param name="definition">The sweep.</param>
    /// <param name="seed">Added to the seed of every cell.</param>
    /// <param name="folder">Where the weights will be.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="OneFractalException">A cell cannot be run; the message begins with its name.</exception>
    public static SweepPlan Make(SweepDefinition definition, ulong seed, SweepFolder folder, CancellationToken cancellation)
    {
        var hashes = new ContentHash();
        var (cells, notes) = (new List<SweepCell>(), new List<string>());
        var parts = new Dictionary<string, SweepPart>();
        foreach (var (name, axes, given) in definition.Expand())
        {
            var settings = given with { Seed = given.Seed + seed };
            var cell = new SweepCell("", null, name, axes, settings);
            try
            {
                if (settings is { Source: SweepSource.File, Optional: { } where, File: { } file } && !File.Exists(file))
                {
                    notes.Add($"{cell.Name} is left out: there is no '{file}'. {where}");
                    continue;
                }

                cells.Add(Add(cell, folder, hashes, parts, cancellation));
            }
            catch (OneFractalException e)
            {
                throw new UsageException($"{cell.Name}: {e.Message}");
            }
        }

        return cells.Count > 0 ? new SweepPlan(cells, [.. parts.Values], [.. notes.Distinct()]) : throw new UsageException($"Nothing is left to sweep: {notes[0]}");
    }

    private static SweepCell Add(SweepCell cell, SweepFolder folder, ContentHash hashes, Dictionary<string, SweepPart> parts, CancellationToken cancellation)
    {
        var settings = cell.Settings;
        string weights, identity;
        string? needs = null;
        switch (settings.Source)
        {
            case SweepSource.Scratch:
                Require(Backbone.Names.Contains(settings.Backbone), $"unknown backbone '{settings.Backbone}': use one of {string.Join(", ", Backbone.Names)}.");
                weights = identity = BackboneSource.ScratchPrefix + settings.Backbone;
                break;
            case SweepSource.File:
                Require(settings.File is not null, "source: file needs the file: file: resnet18.onnx.");
                weights = Path.GetFullPath(settings.File!);
                identity = hashes.Of(weights, cancellation);
                break;
            default:
                var pretraining = SweepPretraining.Of(settings);
                Require(Backbone.Names.Contains(settings.Backbone), $"unknown backbone '{settings.Backbone}': use one of {string.Join(", ", Backbone.Names)}.");
                identity = needs = Key(pretraining.Identity(hashes, cancellation));
                weights = folder.Pretraining(needs).Path;
                parts.TryAdd(needs, new SweepPart { Key = needs, Name = $"pre-training of {cell.Name}", Pretraining = pretraining });
                break;
        }

        var evaluation = settings.ToTransfer(weights);
        var key = Key(identity, Yaml.Write(evaluation with
        {
            Backbones = [],
            Data = [.. evaluation.Data.Select(d => d with { Path = hashes.OfData(d.Path, cancellation) })],
        }));
        parts.TryAdd(key, new SweepPart { Key = key, Name = cell.Name, Needs = needs, Evaluation = evaluation });
        return cell with { Key = key, PretrainingKey = needs };
    }

    private static string Key(params string[] what) => RunKey.Of(string.Join('\n', [$"results version {ResultsVersion}", .. what]));

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new UsageException(message);
        }
    }
}
