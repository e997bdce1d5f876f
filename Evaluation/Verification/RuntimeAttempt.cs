using System.Runtime.InteropServices;

namespace OneFractal.Evaluation;

/// <summary>What came of running a job: outputs, or why there are none.</summary>
/// <param name="Outputs">The outputs, or null.</param>
/// <param name="Problem">What went wrong, else empty.</param>
/// <param name="IsUnavailable">Whether the runtime is not on this machine, or not made for such a model.</param>
internal sealed record RuntimeAttempt(IReadOnlyList<RuntimeTensor>? Outputs, string Problem = "", bool IsUnavailable = false)
{
    /// <summary>Runs a job; whatever a runtime throws is caught, cancellation excepted.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="job">Makes the job, which may fail too.</param>
    /// <param name="cancellation">Ends it.</param>
    public static RuntimeAttempt Of(IModelRuntime runtime, Func<RuntimeJob> job, CancellationToken cancellation)
    {
        try
        {
            return new RuntimeAttempt(runtime.Run(job(), cancellation));
        }
        catch (RuntimeUnavailableException e)
        {
            return new RuntimeAttempt(null, e.Message, IsUnavailable: true);
        }
        catch (Exception e) when (e is OneFractalException or OpenCvSharp.OpenCVException or ExternalException)
        {
            return new RuntimeAttempt(null, e.Message.ReplaceLineEndings(" ").Trim());
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            return new RuntimeAttempt(null, "not here: its native library cannot be loaded; see 'onefractal doctor'", IsUnavailable: true);
        }
    }
}
