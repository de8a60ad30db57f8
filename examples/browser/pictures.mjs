// Between pictures and tensors: nothing here knows the page or the network.

/// A picture as the network takes it: height x width pixels, and 1 x channels x height x width numbers.
export const tensorOf = (picture, {height, width}, {mean, std}) => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height).data;
  const plane = height * width, numbers = new Float32Array(mean.length * plane);
  for (let i = 0; i < plane; ++i) {
    const rgb = pixels.subarray(4 * i, 4 * i + 3);
    const seen = mean.length === 3 ? rgb : [0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]];
    for (let channel = 0; channel < mean.length; ++channel) numbers[channel * plane + i] = (seen[channel] / 255 - mean[channel]) / std[channel];
  }
  return {canvas, numbers};
};

export const softmax = (scores) => {
  const largest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};

/// The colours that "jet" gives numbers from 0 to 1: blue, cyan, yellow, red.
const jet = (share) => [3, 2, 1].map((centre) => 255 * Math.min(1, Math.max(0, 1.5 - Math.abs(4 * share - centre))));

const canvasOf = (height, width, colourAt) => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d');
  const image = context.createImageData(width, height);
  for (let i = 0; i < height * width; ++i) image.data.set([...colourAt(i), 255], 4 * i);
  context.putImageData(image, 0, 0);
  return canvas;
};

/// Grad-CAM over the picture, half and half; full red is the map's maximum.
export const overlay = (picture, map, height, width) => {
  const below = picture.getContext('2d').getImageData(0, 0, width, height).data;
  const largest = map.reduce((a, b) => Math.max(a, b), 0) || 1;
  return canvasOf(height, width, (i) => jet(map[i] / largest).map((colour, channel) => 0.5 * colour + 0.5 * below[4 * i + channel]));
};

/// A signed map around grey; 99.5 % of its magnitudes other than 0 are within full contrast.
export const signedMap = (map, channels, height, width) => {
  const magnitudes = map.filter((value) => value !== 0).map(Math.abs).sort();
  const scale = magnitudes.length ? magnitudes[Math.max(Math.ceil(0.995 * magnitudes.length), 1) - 1] : 1;
  const plane = height * width;
  const level = (value) => 128 + 127 * Math.min(1, Math.max(-1, value / scale));
  return canvasOf(height, width, (i) => [0, 1, 2].map((channel) => level(map[Math.min(channel, channels - 1) * plane + i])));
};
