using TorchSharp;
using OpenCvSharp;
using Microsoft.ML.OnnxRuntime;
Console.WriteLine(torch.ones(2, 2).sum().item<float>() + " " + torch.get_num_threads());
Console.WriteLine(string.Join(",", OrtEnv.Instance().GetAvailableProviders()));
using var m = new Mat(4, 4, MatType.CV_8UC1, OpenCvSharp.Scalar.All(3));
Console.WriteLine(m.Sum() + Cv2.GetBuildInformation());
return 0;
