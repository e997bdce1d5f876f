using System.Globalization;
using System.Reflection;
using OneFractal.Cli.Output;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Hosting;

/// <summary>Runs one command line, and turns whatever happens into an exit code and at most one line on standard error.</summary>
internal static class CommandHost
{
    /// <summary>The version that <c>--version</c> prints.</summary>
    public static string Version { get; } =
        typeof(CommandHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Runs <paramref name="args"/>; the result is the process's exit code.</summary>
    public static int Run(string[] args)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        using var interrupts = new Interrupts();
        try
        {
            var app = new CommandApp();
            app.Configure(Configure);
            OptionValues.Check(args);
            return app.Run(args, interrupts.Token);
        }
        catch (Exception e)
        {
            var report = ErrorReport.For(e, args);
            if (report.IsCancellation && interrupts.ExitCode is { } code)
            {
                return code;
            }

            Console.Error.WriteLine($"onefractal: {report.Message}");
            if (args.Contains("--verbose"))
            {
                Console.Error.WriteLine(e);
            }

            return report.ExitCode;
        }
    }

    private static void Configure(IConfigurator config)
    {
        config.SetApplicationName("onefractal");
        config.SetApplicationVersion(Version);
        config.SetApplicationCulture(CultureInfo.InvariantCulture);
        config.ConfigureConsole(Terminal.Help);
        config.SetHelpProvider(new FooterHelp(config.Settings));
        config.UseStrictParsing();
        config.PropagateExceptions();
        Verbs.Register(config);
    }
}
