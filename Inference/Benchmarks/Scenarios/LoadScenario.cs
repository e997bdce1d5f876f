namespace OneFractal.Inference;

/// <summary>How queries of one image each come, after MLPerf Inference (Reddi et al. 2019, arXiv 1911.02549, section III).</summary>
public enum LoadScenario
{
    /// <summary>The next comes when the one before is answered: what counts is the time that 90 % take at most.</summary>
    SingleStream,

    /// <summary>All are there at once: what counts is how many are answered a second.</summary>
    Offline,

    /// <summary>They come by chance, as a Poisson process: what counts is how many may come a second while 99 % are answered in time.</summary>
    Server,
}
