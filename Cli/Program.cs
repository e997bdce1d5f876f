using OneFractal.Cli.Hosting;

return CommandHost.Run(args);
