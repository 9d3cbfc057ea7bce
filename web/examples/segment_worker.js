// The engine in a worker of one's own: load a model, give it a photo, ask for the mask of a point.
import init, { Engine } from '../maskov-web.js';

const PHOTO = '../sample/still_life.jpg';
/** A pixel of an orange. With a size (0.05: 5 % of the photo), it takes that much; `engine.sizes([POINT], 0)` tells which sizes suit it. */
const POINT = { x: 1013, y: 534, foreground: true };

/** @param {import('../maskov-web.js').Progress} progress */
const onProgress = ({ stage, done, total }) => postMessage({ kind: 'progress', stage, done, total });

try {
  await init();
  const engine = await Engine.load({ model: '../models/small-v1/', onProgress });
  const photo = await (await fetch(PHOTO)).blob();
  await engine.setImage(photo, { onProgress });
  const mask = await engine.mask([POINT], { onProgress });
  const { area, milliseconds } = mask;
  postMessage({ kind: 'mask', photo, image: mask.imageData(), area, runs: mask.rle().counts.length, milliseconds, device: engine.device.name });
  mask.free();
  engine.free();
} catch (error) {
  // Those of the engine have a code.
  postMessage({ kind: 'error', code: error.code ?? error.name, message: error.message });
}
