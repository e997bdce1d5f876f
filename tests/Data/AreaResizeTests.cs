using CsCheck;
using OneFractal.Data.Transforms;
using OpenCvSharp;
using Size = OpenCvSharp.Size;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class AreaResizeTests
{
    [TestMethod]
    public void EveryByte_IsOpenCvs()
    {
        var compared = 0;
        Gen.Select(Gen.Int[1, 90], Gen.Int[1, 90], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Int[0, 9], Gen.ULong).Sample(
            (toWidth, toHeight, growX, growY, border, seed) =>
            {
                // Up to six times as large, more often little.
                var (width, height) = (toWidth + (int)(5 * toWidth * growX * growX), toHeight + (int)(5 * toHeight * growY * growY));
                using var larger = TestImages.Noise(width + border, height + border, 3, seed);
                using var image = new Mat(larger, new Rect(border, border, width, height));
                var size = new Size(toWidth, toHeight);
                if (!AreaResize.Supports(image, size))
                {
                    return;
                }

                compared++;
                var random = new RandomStream(seed, 1);
                var (x, y) = (random.NextInt(toWidth), random.NextInt(toHeight));
                var crop = random.NextBool(0.3) ? new Rect(0, 0, toWidth, toHeight) : new Rect(x, y, 1 + random.NextInt(toWidth - x), 1 + random.NextInt(toHeight - y));
                using var expected = new Mat();
                Cv2.Resize(image, expected, size, interpolation: InterpolationFlags.Area);
                using var part = new Mat(expected, crop);
                using var actual = new Mat();
                AreaResize.Resize(image, actual, size, crop);
                Assert.AreEqual(0, Cv2.Norm(part, actual, NormTypes.INF), $"{width}×{height} to {toWidth}×{toHeight}, {crop}");
            },
            iter: 2000,
            threads: 1);
        if (System.Runtime.Intrinsics.X86.Sse41.IsSupported)
        {
            Assert.IsGreaterThan(1000, compared);
        }
    }

    [TestMethod]
    public void WhatOpenCvDoesInAnotherWay_IsLeftToIt()
    {
        using var colour = new Mat(40, 60, MatType.CV_8UC3);
        using var grey = new Mat(40, 60, MatType.CV_8UC1);
        Assert.IsFalse(AreaResize.Supports(colour, new Size(30, 20)));
        Assert.IsFalse(AreaResize.Supports(colour, new Size(60, 40)));
        Assert.IsFalse(AreaResize.Supports(colour, new Size(61, 39)));
        Assert.IsFalse(AreaResize.Supports(grey, new Size(31, 21)));
    }
}
