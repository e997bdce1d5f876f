namespace OneFractal.Common;

/// <summary>Where long work says how far it is; the command line shows bars on a terminal and plain lines elsewhere.</summary>
public interface IProgressReporter
{
    /// <summary>A line worth keeping.</summary>
    void Message(string text);

    /// <summary>Starts a piece of work of <paramref name="total"/> units; dispose the task when it ends, however it ends.</summary>
    IProgressTask Start(string title, long total);
}
