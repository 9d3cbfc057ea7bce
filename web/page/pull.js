// Pulling a size: by hand, from a new point or on the ring of a kept one, or by the wheel. What is pulled is shown as it would
// be; the document changes once, when it is let go.
import { distance, pixelAt, placeOf } from './camera.js';
import { store } from './app.js';
import { placePoint, resizePoint } from './edits.js';
import { magnify } from './magnifier.js';
import { aimAt, aimedPoints, carry, chooseSize, pointAgain, pointAt, previewPoints, sizeAt } from './pointing.js';
import { previews } from './requests.js';
import { ringAt, takenBy } from './rings.js';
import { clampedSize, radiusOf, sizeOfRadius } from './size.js';
import { targetOfKeys, wordOf } from './sizes.js';
import { knownStops } from './stops.js';

/** @import { SizeStop } from '../maskov-web.js' */
/** @import { Extent, Place } from './camera.js' */
/** @import { Intents } from './pointer.js' */
/** @import { Point, Preview, Pull } from './store.js' */

/** Nearer to the new point than this, in CSS pixels, there is no size in a pull. */
const NO_PULL = 5;
/** A stop within so many CSS pixels holds the ring: enough to hit it, too little to feel. */
const SNAP = 3;
/** What a pixel of the wheel makes of a size. */
const WHEEL = 0.002;
/** The wheel's pull ends when the pointer goes further than this. */
const WHEEL_REACH = 24;

/** The points as they would be, the pulled one among them. @param {Pick<Pull, 'index' | 'x' | 'y' | 'foreground' | 'size'>} pull */
function pulledPoints({ index, x, y, foreground, size }) {
  const { points } = store.state.document;
  const pulled = { x, y, foreground, size };
  return index < points.length ? points.map((point, i) => (i === index ? pulled : point)) : aimedPoints(pulled);
}

/**
 * Another size of what is pulled: seen at once, its mask as soon as it is there.
 * @param {Pull} former
 * @param {Pick<Pull, 'size' | 'taken'> & { angle?: number }} change
 */
function resize(former, change) {
  const pull = { ...former, ...change, isOn: true };
  store.set({ pull });
  // The map of the point is there already: nothing has to rest.
  previewPoints(pulledPoints(pull), { isLive: true });
}

/** What is in the hand is let go: one edit. */
function letGo() {
  const { pull, preview, document: { points } } = store.state;
  if (!pull) return;
  store.set({ pull: null });
  const { index, x, y, foreground, size, taken, from, isOn, isAim } = pull;
  if (isAim) {
    if (taken !== null) chooseSize(size, taken);
    return;
  }
  const word = isOn ? wordOf(size, taken, from) : '';
  if (index < points.length) resizePoint(index, size, word);
  else placePoint({ x, y }, !foreground, size, word);
  const { revision } = store.state.document;
  // Until the mask is there, what was seen last stands in for it.
  if (revision !== pull.revision && preview && isPreviewOf(preview, pull)) store.set({ preview: { ...preview, holds: revision } });
  else if (isOn) pointAgain();
}

/** Whether a preview shows what comes of a pull. @param {Preview} preview @param {Pull} pull */
function isPreviewOf({ of, isLive }, { x, y, foreground, size, isOn }) {
  if (isOn) return isLive;
  return of.x === x && of.y === y && of.foreground === foreground && of.size === size;
}

/** Nothing has happened. @returns {boolean} whether something was in the hand */
function giveUp() {
  const { pull, drag, preview } = store.state;
  if (!pull && !drag) return false;
  previews.stop();
  store.set({ pull: null, drag: null, preview: preview?.holds ? preview : null });
  magnify(null);
  pointAgain();
  return true;
}

/** A size by the ring's radius in photo pixels; at a stop, that stop's. @param {Pull} pull @param {number} radius @param {Extent} photo */
function sizeAtRadius(pull, radius, photo) {
  const { camera } = store.state;
  /** @param {SizeStop} stop */
  const away = (stop) => Math.abs(radiusOf(stop.size, photo) - radius) * camera.scale;
  const [nearest] = knownStops(store.state, ...subject(pull)).toSorted((a, b) => away(a) - away(b));
  if (nearest && away(nearest) <= SNAP) return { size: nearest.isAutomatic ? null : nearest.size, taken: nearest.size };
  const size = sizeOfRadius(radius, photo);
  return { size, taken: size };
}

/** The points and the index of what is pulled. @param {Pull} pull @returns {[Point[], number]} */
function subject(pull) {
  const points = pulledPoints(pull);
  return [points, Math.min(pull.index, points.length - 1)];
}

/** @satisfies {Partial<Intents>} */
export const pullIntents = {
  point(place, remove, isTouch) {
    leaveScrub(place);
    pointAt(place, remove, isTouch);
  },
  press(place, remove, isTouch) {
    const { camera, panel, tapRemoves, document: { photo, points, revision } } = store.state;
    // A click beside an open menu closes it, and no more.
    if (panel === 'export') {
      store.set({ panel: 'none' });
      return;
    }
    const pixel = pixelAt(camera, photo, place);
    if (!pixel) return;
    const foreground = !(remove || (isTouch && tapRemoves));
    const { size, automatic } = sizeAt(pixel);
    /** @type {Pull} */
    const pull = { ...pixel, foreground, index: points.length, size, taken: size, from: automatic, angle: 0, revision, by: 'hand', isTouch, isOn: false };
    store.set({ pull, cursor: null, chosen: -1, isRingHot: false });
    previewPoints(pulledPoints(pull), { waits: true });
  },
  ringAt: (place, isTouch) => ringAt(store.state, place, isTouch),
  grabRing(index, isTouch) {
    const { document: { points, revision }, angle } = store.state;
    const taken = takenBy(store.state, index);
    store.set({ pull: { ...points[index], index, taken, from: taken, angle, revision, by: 'hand', isTouch, isOn: false } });
  },
  pull(place) {
    const { pull, camera, document: { photo, points } } = store.state;
    // Esc has given it up, and the button is still down.
    if (!pull || !photo) return;
    const middle = placeOf(camera, pull);
    const away = distance(place, middle);
    const angle = away > 1 ? Math.atan2(place.y - middle.y, place.x - middle.x) : pull.angle;
    const isNew = pull.index >= points.length;
    const automatic = { size: null, taken: pull.from };
    store.set({ angle });
    resize(pull, { angle, ...(isNew && away < NO_PULL ? automatic : sizeAtRadius(pull, away / camera.scale, photo)) });
    carry(place, pull.isTouch);
  },
  letGo,
  giveUp,
  makeAutomatic: (index) => resizePoint(index, null, wordOf(null)),
  scrub(pixels, place) {
    if (store.state.pull?.by === 'hand') return;
    const pull = store.state.pull ?? beginScrub(place);
    if (!pull || pull.taken === null) return;
    const size = clampedSize(pull.taken * Math.exp(-pixels * WHEEL));
    resize(pull, { size, taken: size });
  },
  endScrub() {
    if (store.state.pull?.by !== 'wheel') return false;
    letGo();
    return true;
  },
};

/**
 * What the wheel pulls at: what the keys would. Alt alone points at something to leave out, which is not meant here.
 * @param {Place} place
 * @returns {Pull | null}
 */
function beginScrub(place) {
  const { chosen, preview, camera, document: { photo, points, revision } } = store.state;
  const pixel = pixelAt(camera, photo, place);
  if (chosen < 0 && !store.state.aim && pixel) aimAt(pixel, false);
  const target = targetOfKeys();
  if (!target) return null;
  const { index } = target;
  const point = target.points[index];
  const taken = target.isAim ? (point.size ?? preview?.taken.at(-1) ?? null) : takenBy(store.state, index);
  if (taken === null) return null;
  const { isAim } = target;
  /** @type {Pull} */
  const pull = { ...point, index: isAim ? points.length : index, taken, from: taken, angle: 0, revision, by: 'wheel', place, isTouch: false, isAim, isOn: true };
  store.set({ pull, ...(!isAim && { chosen: index }) });
  return pull;
}

/** The wheel's pull ends where the pointer has gone elsewhere. @param {Place | null} place */
function leaveScrub(place) {
  const { pull } = store.state;
  if (pull?.by !== 'wheel') return;
  if (!place || !pull.place || distance(place, pull.place) > WHEEL_REACH) letGo();
}

/** Nothing of it is left when the document is another one. */
export function followDocument() {
  store.onFrame(({ pull, document }) => {
    if (pull && pull.revision !== document.revision) store.set({ pull: null });
  });
}
