namespace OneFractal.Evaluation;

/// <summary>One run of a plan.</summary>
internal sealed record TransferRun(TransferBackbone Backbone, TransferData Data, TransferProtocol Protocol, int? Shots, ulong Seed, string Key)
{
    public override string ToString()
    {
        return $"{Backbone.Name} on {Data.Source.Name}, {Protocol.ToString().ToLowerInvariant()}{(Shots is { } n ? $" with {n} images a class" : "")}, seed {Seed}";
    }
}
