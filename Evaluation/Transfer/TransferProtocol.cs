namespace OneFractal.Evaluation;

/// <summary>A way to find out what a backbone is worth on labelled images.</summary>
public enum TransferProtocol
{
    /// <summary>All weights are trained on the labelled images.</summary>
    Finetune,

    /// <summary>A linear classifier is trained on frozen features: L2-regularised multinomial logistic regression.</summary>
    Probe,

    /// <summary>Nothing is trained: the 20 nearest labelled images vote, as in DINO.</summary>
    Knn,

    /// <summary>The linear classifier on frozen features, from a few labelled images of each class.</summary>
    Fewshot,
}
