namespace OneFractal.Common;

/// <summary>Figures from one image's logits.</summary>
public static class LogitRow
{
    /// <summary>The place of the largest; of equal ones, the first.</summary>
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }

    /// <summary>How many classes are likelier than <paramref name="label"/>; of equal ones, the earlier counts as likelier, and NaN as likelier than all.</summary>
    public static int Rank(ReadOnlySpan<float> logits, int label)
    {
        var rank = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            // Written so that a NaN is never right.
            rank += i != label && !(logits[i] < logits[label] || (logits[i] == logits[label] && i > label)) ? 1 : 0;
        }

        return rank;
    }

    /// <summary>log Σ exp, in double and safe from overflow: a logit less this is the logarithm of its probability.</summary>
    public static double LogSumExp(ReadOnlySpan<float> logits)
    {
        double largest = logits[ArgMax(logits)], sum = 0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }

        return largest + Math.Log(sum);
    }

    /// <summary>−log softmax at <paramref name="label"/>, in nats.</summary>
    public static double CrossEntropy(ReadOnlySpan<float> logits, int label) => LogSumExp(logits) - logits[label];

    /// <summary>The probabilities, which sum to 1.</summary>
    public static float[] Softmax(ReadOnlySpan<float> logits)
    {
        var total = LogSumExp(logits);
        var probabilities = new float[logits.Length];
        for (var i = 0; i < logits.Length; i++)
        {
            probabilities[i] = (float)Math.Exp(logits[i] - total);
        }

        return probabilities;
    }
}
