using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Inference;

namespace OneFractal.Training;

/// <summary>Sessions that take turns, many times a second.</summary>
internal static class TrainingSession
{
    /// <summary>A session of <paramref name="model"/>, and the device it runs on.</summary>
    /// <param name="source">What errors call the model.</param>
    /// <param name="model">The graph.</param>
    /// <param name="settings">Device and threads.</param>
    /// <exception cref="OneFractalException">As from <see cref="SessionFactory.Create"/>.</exception>
    public static (InferenceSession Session, ComputeDevice Device) Create(string source, OnnxModel model, SessionSettings settings)
    {
        return SessionFactory.Create(source, settings, options =>
        {
            // A session's threads would go on to turn in circles after a run, on the cores that the next session needs: half of the optimizer's time, and a fifth of the gradients'.
            options.AddSessionConfigEntry("session.force_spinning_stop", "1");
            // One piece of memory for all values of a run, planned in advance, comes on top of what the first run took piece by piece, and is no faster.
            options.EnableMemoryPattern = false;
            return new InferenceSession(model.Proto.ToByteArray(), options);
        });
    }
}
