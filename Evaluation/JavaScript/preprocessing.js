// The input that 'onefractal predict' makes of an image, step by step as OpenCV does it, down to its roundings.
const preprocessing = (() => {
  'use strict';

  const clamp = (i, length) => Math.min(Math.max(i, 0), length - 1);

  const roundHalfUp = x => Math.floor(x + 0.5);

  const roundHalfEven = x => {
    const below = Math.floor(x);
    return x - below === 0.5 ? below + (below & 1) : Math.floor(x + 0.5);
  };

  // Of one axis, for every pixel of the result the pixels of the source that it is made of: [index, weight] pairs.
  const along = (to, taps) => Array.from({ length: to }, (_, i) => taps(i));

  const nearest = (from, to) => along(to, i => [[clamp(Math.floor(i * from / to), from), 1]]);

  // The average over the area that the pixel covers.
  const area = (from, to) => along(to, i => {
    const scale = from / to, start = i * scale, end = start + scale, cell = Math.min(scale, from - start);
    const last = Math.min(Math.floor(end), from - 1), first = Math.min(Math.ceil(start), last);
    const taps = [];
    if (first - start > 1e-3) taps.push([first - 1, (first - start) / cell]);
    for (let j = first; j < last; j++) taps.push([j, 1 / cell]);
    if (end - last > 1e-3) taps.push([last, Math.min(end - last, 1, cell) / cell]);
    return taps;
  });

  const position = (i, from, to) => {
    const x = Math.fround((i + 0.5) * (from / to) - 0.5), left = Math.floor(x);
    return [left, Math.fround(x - left)];
  };

  // Weights of linear interpolation are whole numbers of 1/2048.
  const whole = weight => roundHalfEven(Math.fround(weight) * 2048);

  const linear = (from, to, isRow) => along(to, i => {
    let [left, x] = position(i, from, to);
    // Outside, a row's pixels are the border's; between rows, the border is taken twice.
    if (isRow && (left < 0 || left >= from - 1)) [left, x] = [clamp(left, from), 0];
    return [[clamp(left, from), whole(1 - x)], [clamp(left + 1, from), whole(x)]];
  });

  // Those of cubic interpolation are as they come with Intel's library, which OpenCV has on x64; elsewhere it rounds them too, which is a level of a few pixels.
  const cubic = (from, to) => along(to, i => {
    const [left, x] = position(i, from, to), A = -0.75, y = 1 - x;
    const a = ((A * (x + 1) - 5 * A) * (x + 1) + 8 * A) * (x + 1) - 4 * A;
    const b = ((A + 2) * x - (A + 3)) * x * x + 1, c = ((A + 2) * y - (A + 3)) * y * y + 1;
    return [a, b, c, 1 - a - b - c].map((weight, j) => [clamp(left - 1 + j, from), weight]);
  });

  const sum = (taps, value) => {
    let total = 0;
    for (const [index, weight] of taps) total += weight * value(index);
    return total;
  };

  const byArea = round => ({ taps: area, value: (taps, value) => round(sum(taps, value)) });

  const methods = {
    nearest: { taps: nearest, value: sum },
    bilinear: {
      taps: linear,
      value: ([[i, a], [j, b]], value) => (((a * (value(i) >> 4)) >> 16) + ((b * (value(j) >> 4)) >> 16) + 2) >> 2,
    },
    bicubic: { taps: cubic, value: (taps, value) => clamp(roundHalfEven(sum(taps, value)), 256) },
  };

  const resizeBy = (image, width, height, { taps, value }) => {
    const { channels } = image, columns = taps(image.width, width, true), rows = taps(image.height, height, false);
    const between = new Float64Array(image.height * width * channels), data = new Uint8Array(height * width * channels);
    for (let y = 0, at = 0; y < image.height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++, at++)
          between[at] = sum(columns[x], i => image.data[(y * image.width + i) * channels + c]);
    for (let y = 0, at = 0; y < height; y++)
      for (let x = 0; x < width * channels; x++, at++)
        data[at] = value(rows[y], i => between[i * width * channels + x]);
    return { width, height, channels, data };
  };

  // Averages over the area where it shrinks, and interpolates where it grows.
  const resize = (image, width, height, interpolation) => {
    if (width === image.width && height === image.height) return image;
    const shrinksX = width < image.width, shrinksY = height < image.height;
    if (interpolation === 'nearest' || !(shrinksX || shrinksY)) return resizeBy(image, width, height, methods[interpolation]);
    if (width <= image.width && height <= image.height)
      return resizeBy(image, width, height, byArea(image.width === 2 * width && image.height === 2 * height ? roundHalfUp : roundHalfEven));
    const between = shrinksX ? resize(image, width, image.height, interpolation) : resize(image, image.width, height, interpolation);
    return resize(between, width, height, interpolation);
  };

  // The shorter side is resized to the wanted size divided by crop_pct, and the centre cropped.
  const crop = (image, { width, height, crop_pct, interpolation }) => {
    const coverWidth = Math.trunc(width / crop_pct), coverHeight = Math.trunc(height / crop_pct);
    const widthDecides = coverWidth * image.height >= coverHeight * image.width;
    const [w, h] = widthDecides
      ? [coverWidth, Math.max(coverHeight, Math.floor(coverWidth * image.height / image.width))]
      : [Math.max(coverWidth, Math.floor(coverHeight * image.width / image.height)), coverHeight];
    const resized = resize(image, w, h, interpolation), { channels } = image;
    const left = roundHalfEven((w - width) / 2), top = roundHalfEven((h - height) / 2);
    const data = new Uint8Array(height * width * channels);
    for (let y = 0; y < height; y++) {
      const start = ((top + y) * w + left) * channels;
      data.set(resized.data.subarray(start, start + width * channels), y * width * channels);
    }
    return { width, height, channels, data };
  };

  // A canvas's pixels without the alpha channel; for a model of grey images their brightness, in 1/32768.
  const withoutAlpha = (rgba, width, height, channels) => {
    const data = new Uint8Array(width * height * channels);
    for (let i = 0; i < width * height; i++) {
      if (channels === 1) data[i] = (9798 * rgba[4 * i] + 19235 * rgba[4 * i + 1] + 3735 * rgba[4 * i + 2] + 16384) >> 15;
      else for (let c = 0; c < 3; c++) data[3 * i + c] = rgba[4 * i + c];
    }
    return { width, height, channels, data };
  };

  return {
    resize,

    // (x / 255 - mean) / std, channel by channel, row by row: config.channels x config.height x config.width numbers.
    apply(rgba, width, height, config) {
      const { data, channels } = crop(withoutAlpha(rgba, width, height, config.channels), config);
      const plane = config.width * config.height, input = new Float32Array(channels * plane);
      for (let c = 0; c < channels; c++) {
        const scale = Math.fround(1 / (255 * config.std[c])), offset = Math.fround(-config.mean[c] / config.std[c]);
        for (let i = 0; i < plane; i++) input[c * plane + i] = data[i * channels + c] * scale + offset;
      }
      return input;
    },
  };
})();
