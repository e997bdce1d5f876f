namespace OneFractal.Training;

/// <summary>Figures from one row of logits.</summary>
internal static class Logits
{
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }

    /// <summary>Log-softmax at <paramref name="label"/>, in double.</summary>
    public static double LogProbability(ReadOnlySpan<float> logits, int label)
    {
        double max = logits[ArgMax(logits)], sum = 0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        return logits[label] - max - Math.Log(sum);
    }
}
