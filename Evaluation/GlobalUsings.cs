global using OneFractal.Common;
global using OneFractal.Export;
global using OneFractal.Inference;
