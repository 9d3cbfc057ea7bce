// "How it works": the Markov map of the last click, growing in iterations over the photo.
import { contextOf, find } from './elements.js';

/** @import { MarkovMap } from '../maskov-web.js' */

const GROWTH_MS = 4000;
const PAUSE_MS = 1600;
/** The slowest of the tokens are the rest of the picture; the growth ends before them. */
const LAST_QUANTILE = 0.97;

const canvas = find('#markov-map', HTMLCanvasElement);
const label = find('#how-step');
let frame = 0;

/** Says what to do where there is no map yet. @param {string} text */
export function showNoMap(text) {
  stopGrowth();
  canvas.hidden = true;
  label.textContent = text;
}

/**
 * @param {Pick<MarkovMap, 'width' | 'height' | 'steps'>} map
 * @param {CanvasImageSource} picture the photo
 */
export function showGrowth({ width, height, steps }, picture) {
  stopGrowth();
  canvas.hidden = false;
  const scale = Math.min(320 / width, 240 / height, 1);
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = contextOf(canvas, { willReadFrequently: true });
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const photo = context.getImageData(0, 0, canvas.width, canvas.height);
  const reached = shrunk(steps, width, height, canvas.width, canvas.height);
  const last = quantile(reached, LAST_QUANTILE);
  /** @param {number} step */
  const draw = (step) => {
    context.putImageData(grown(photo, reached, step, last), 0, 0);
    const whole = Math.round(step);
    label.textContent = `${whole} ${whole === 1 ? 'iteration' : 'iterations'} from the last click`;
    canvas.dataset.step = String(whole);
  };
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    draw(last);
    return;
  }
  const start = performance.now();
  /** @param {number} now */
  const tick = (now) => {
    // Nobody sees it grow.
    if (!canvas.checkVisibility()) return;
    const share = Math.min(((now - start) % (GROWTH_MS + PAUSE_MS)) / GROWTH_MS, 1);
    // Nearby spots differ by an iteration, far ones by a hundred.
    draw(last * share ** 2);
    frame = requestAnimationFrame(tick);
  };
  frame = requestAnimationFrame(tick);
}

function stopGrowth() {
  cancelAnimationFrame(frame);
}

/**
 * Reached spots in their colours with a bright front, the rest grey and dark.
 * @param {ImageData} photo
 * @param {Float32Array} reached
 * @param {number} step
 * @param {number} last
 */
function grown(photo, reached, step, last) {
  const image = new ImageData(photo.width, photo.height);
  const front = Math.max(step - last * 0.04, step * 0.8);
  for (let i = 0, at = 0; i < reached.length; i++, at += 4) {
    const [red, green, blue] = [photo.data[at], photo.data[at + 1], photo.data[at + 2]];
    if (reached[i] > step) {
      const grey = (red * 0.3 + green * 0.59 + blue * 0.11) * 0.35;
      image.data.set([grey, grey, grey, 255], at);
    } else if (reached[i] > front) image.data.set([(red + 255) / 2, (green + 49) / 2, (blue + 88) / 2, 255], at);
    else image.data.set([red, green, blue, 255], at);
  }
  return image;
}

/** @param {Float32Array} steps @param {number} width @param {number} height @param {number} toWidth @param {number} toHeight */
function shrunk(steps, width, height, toWidth, toHeight) {
  const small = new Float32Array(toWidth * toHeight);
  for (let y = 0; y < toHeight; y++) {
    const row = Math.floor(((y + 0.5) * height) / toHeight) * width;
    for (let x = 0; x < toWidth; x++) small[y * toWidth + x] = steps[row + Math.floor(((x + 0.5) * width) / toWidth)];
  }
  return small;
}

/** @param {Float32Array} values @param {number} share */
function quantile(values, share) {
  const sorted = values.slice().sort();
  return sorted[Math.floor((sorted.length - 1) * share)];
}
