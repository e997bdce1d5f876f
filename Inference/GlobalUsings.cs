global using OneFractal.Common;
global using OneFractal.Export;
global using ModelMetadata = OneFractal.Export.ModelMetadata;
