global using OneFractal.Common;
