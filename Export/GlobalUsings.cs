global using OneFractal.Common;
global using OneFractal.Export.Onnx;
global using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;
