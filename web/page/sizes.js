// The stops of a size: asked for when somebody is about to change one, and stepped through by keys.
import { photoId, store } from './app.js';
import { resizePoint } from './edits.js';
import { closest, find } from './elements.js';
import { aimedPoints, chooseSize } from './pointing.js';
import { sendSizes } from './requests.js';
import { takenBy } from './rings.js';
import { clampedSize, nextStop, ofStops, percent } from './size.js';
import { keyOfStops, knownStops } from './stops.js';
import { changed } from './store.js';

/** @import { SizeStop } from '../maskov-web.js' */
/** @import { Point } from './store.js' */
/** @typedef {{ points: readonly Point[], index: number, isAim: boolean }} Target */

/** What an arrow makes of a size. */
const NUDGE = 1.1;

/** Steps that wait for the stops of this question. @type {{ key: string, steps: (1 | -1)[] }} */
let waiting = { key: '', steps: [] };
/** The question that is on its way. */
let asked = '';

/** What keys and the wheel change: the ringed point, else the preview, else the newest point. @returns {Target | null} */
export function targetOfKeys() {
  const { chosen, aim, document: { points } } = store.state;
  if (points[chosen]) return { points, index: chosen, isAim: false };
  if (aim) {
    const { x, y, foreground, choice } = aim;
    const aimed = aimedPoints({ x, y, foreground, size: choice?.size ?? null });
    return { points: aimed, index: aimed.length - 1, isAim: true };
  }
  return points.length ? { points, index: points.length - 1, isAim: false } : null;
}

/** @param {readonly Point[]} points @param {number} index */
function askFor(points, index) {
  const key = keyOfStops(store.state, points, index);
  if (key === asked || store.state.stops?.key === key || store.state.encoded !== photoId()) return;
  asked = key;
  sendSizes(points.map((point, i) => (i === index ? { ...point, size: null } : point)), index, key);
}

/**
 * "Larger", "Smaller" or "Automatic size"; nothing where the former size is not known.
 * @param {number | null} size
 * @param {number | null} [taken]
 * @param {number | null} [from]
 */
export function wordOf(size, taken, from) {
  if (size === null) return 'Automatic size';
  if (!from || !taken) return '';
  return taken > from ? 'Larger' : 'Smaller';
}

/** @param {1 | -1} direction to the next larger or smaller stop */
export function step(direction) {
  const target = targetOfKeys();
  if (!target || store.state.pull) return;
  const { points, index } = target;
  const stops = knownStops(store.state, points, index);
  if (stops.length) {
    stepAt(target, stops, direction);
    return;
  }
  const key = keyOfStops(store.state, points, index);
  if (waiting.key !== key) waiting = { key, steps: [] };
  waiting.steps.push(direction);
  askFor(points, index);
}

/** @param {Target} target @param {SizeStop[]} stops @param {1 | -1} direction */
function stepAt({ points, index, isAim }, stops, direction) {
  const now = points[index].size ?? stops.find(({ isAutomatic }) => isAutomatic)?.size;
  if (now === undefined) return;
  const stop = nextStop(stops, now, direction);
  if (!stop) {
    store.set({ told: { text: `This is the ${direction > 0 ? 'largest' : 'smallest'} size.` } });
    return;
  }
  const size = stop.isAutomatic ? null : stop.size;
  const word = wordOf(size, stop.size, now);
  if (!isAim) {
    store.set({ chosen: index });
    resizePoint(index, size, word);
    return;
  }
  chooseSize(size, stop.size);
  store.set({ told: { text: `${word}, ${percent(stop.area)} of the photo${ofStops(stops, size)}.` } });
}

/** A tenth more or less, for the ring's own keys. @param {number} index @param {1 | -1} direction */
export function nudge(index, direction) {
  const taken = takenBy(store.state, index);
  if (taken === null) return;
  const size = clampedSize(taken * NUDGE ** direction);
  resizePoint(index, size, wordOf(size, size, taken));
}

/** Asks for stops as soon as somebody reaches for a size, and goes on with the steps that waited for them. */
export function followSizes() {
  // A grip that is pressed without a pointer: by Enter, Space or a screen reader.
  find('#points').addEventListener('click', ({ target, detail }) => {
    if (detail === 0 && closest(target, '.grip')) step(1);
  });
  store.onFrame((state, before) => {
    const { document: { points, revision }, pull, preview, chosen, isRingHot, mask } = state;
    // Newer points, another photo or model, and a fault end what was asked.
    if (before && (revision !== before.document.revision || changed(state, before, 'encoded', 'notice'))) asked = '';
    if (changed(state, before, 'stops')) goOn();
    // Once its own map is there, the stops of a point cost little.
    if (pull && pull.index >= points.length) {
      const { x, y, foreground, size } = pull;
      const pulled = aimedPoints({ x, y, foreground, size });
      if (preview?.isLive) askFor(pulled, pulled.length - 1);
    } else if ((isRingHot || pull?.isOn) && points[chosen] && mask?.revision === revision) askFor(points, chosen);
  });
}

function goOn() {
  const { stops } = store.state;
  if (!stops || stops.key !== waiting.key) return;
  const { steps } = waiting;
  waiting = { key: '', steps: [] };
  for (const direction of steps) step(direction);
}
