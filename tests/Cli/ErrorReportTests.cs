using OneFractal.Cli.Hosting;

namespace OneFractal.Tests.Cli;

[TestClass]
public sealed class ErrorReportTests
{
    [TestMethod]
    public void ErrorsOfOurs_KeepMessageAndExitCode()
    {
        Assert.AreEqual(new ErrorReport(1, "It broke."), ErrorReport.For(new OneFractalException("It broke."), []));
        Assert.AreEqual(new ErrorReport(2, "Not so."), ErrorReport.For(new UsageException("Not so."), []));
        Assert.AreEqual(new ErrorReport(2, "Not so."), ErrorReport.For(new AggregateException(new UsageException("Not so.")), []));
    }

    [TestMethod]
    public void MessagesOfSeveralLines_BecomeOne()
    {
        Assert.AreEqual("a b c", ErrorReport.For(new IOException("a\r\n  b\nc\n"), []).Message);
    }

    [TestMethod]
    public void AMissingNativeLibrary_LeadsToDoctor()
    {
        var inner = new DllNotFoundException("Unable to load shared library 'OpenCvSharpExtern' or one of its dependencies.\nmore");
        var report = ErrorReport.For(new TypeInitializationException("T", inner), []);
        Assert.AreEqual(new ErrorReport(1, "The native library 'OpenCvSharpExtern' cannot be loaded. 'onefractal doctor' shows what is missing."), report);
    }

    [TestMethod]
    public void Surprises_NameTheirTypeAndPointToVerbose()
    {
        var report = ErrorReport.For(new InvalidOperationException("Odd."), []);
        Assert.AreEqual(new ErrorReport(1, "Unexpected InvalidOperationException: Odd. Run with --verbose for the details."), report);
    }

    [TestMethod]
    public void ACancellation_IsRecognisedInsideAnAggregate()
    {
        Assert.IsTrue(ErrorReport.For(new AggregateException(new TaskCanceledException()), []).IsCancellation);
    }
}
