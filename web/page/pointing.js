// Pointing: what is under the pointer is shown before it is clicked.
import { distance, pixelAt, placeOf, panned, zoomed } from './camera.js';
import { made, photoId, store } from './app.js';
import { movePoint, placePoint, showDocument } from './edits.js';
import { closest, find } from './elements.js';
import { magnify } from './magnifier.js';
import { previews } from './requests.js';
import { isWithinRing, ringAt } from './rings.js';
import { withPoint } from './stops.js';

/** @import { Extent, Pixel, Place } from './camera.js' */
/** @import { KeyIntents } from './keyboard.js' */
/** @import { Hover, Intents } from './pointer.js' */
/** @import { Point } from './store.js' */

/** Within so many CSS pixels, a point is what is pointed at. */
const POINT_REACH = 12;
/** A size chosen before the click holds within so many CSS pixels: a hand is never still. */
const CHOICE_REACH = 24;

/** Where the pointer is, while it is over the viewport. @type {Hover & { place: Place } | null} */
let pointed = null;

/** @type {Intents['point']} */
export function pointAt(place, remove, isTouch) {
  pointed = place && { place, remove, isTouch };
  magnify(isTouch ? place : null);
  const { state } = store;
  if (state.pull) return;
  // A finger that was lifted points at nothing and takes nothing along.
  const isOnRing = !isTouch && chooseAt(place);
  const pixel = place && pixelAt(state.camera, state.document.photo, place);
  const isRemoving = remove || (isTouch && state.tapRemoves);
  if (pixel && !isTouch && state.cursor) store.set({ cursor: null });
  aimAt(place && pointUnder(place) < 0 && !isOnRing ? pixel : null, isRemoving);
}

/**
 * What is in the hand takes the pointer along: whatever asks again what it points at must not ask where it was pressed.
 * @param {Place} place
 * @param {boolean} isTouch
 */
export function carry(place, isTouch) {
  if (pointed) pointed.place = place;
  magnify(isTouch ? place : null);
}

/** The engine is ready again, or nothing is in the hand any more, and the pointer may not have moved meanwhile. */
export function pointAgain() {
  if (pointed) pointAt(pointed.place, pointed.remove, pointed.isTouch);
  else if (store.state.cursor) aimAt(store.state.cursor, false);
}

/**
 * The point under the pointer shows its ring, which stays as long as the pointer is within it.
 * @param {Place | null} place
 * @returns {boolean} whether that is on the ring
 */
function chooseAt(place) {
  const { state } = store;
  if (state.pull) return false;
  const under = place ? pointUnder(place) : -1;
  const isStill = place && state.chosen >= 0 && isWithinRing(state, place);
  const focused = focusedPoint();
  const chosen = under >= 0 ? under : isStill ? state.chosen : focused;
  const isOnRing = place !== null && under < 0 && ringAt({ ...state, chosen }, place, false) >= 0;
  const isRingHot = isOnRing || (chosen >= 0 && chosen === focused);
  if (chosen !== state.chosen || isRingHot !== state.isRingHot) store.set({ chosen, isRingHot });
  if (isOnRing) {
    // The grip comes to where the pointer is on the ring.
    const middle = placeOf(state.camera, state.document.points[chosen]);
    store.set({ angle: Math.atan2(place.y - middle.y, place.x - middle.x) });
  }
  return isOnRing;
}

/** The point that has the keyboard's focus, itself or its ring; -1 for none. Whoever points by hand gives it none by a key in between. */
function focusedPoint() {
  const item = closest(document.activeElement, '#viewport:not(.by-pointer) #points li:has(:focus-visible)');
  return item ? [...find('#points').children].indexOf(item) : -1;
}

/** A point that gets the focus shows its ring. */
export function followFocus() {
  const points = find('#points');
  points.addEventListener('focusin', () => focusedPoint() >= 0 && store.set({ chosen: focusedPoint(), isRingHot: true }));
  points.addEventListener('focusout', ({ relatedTarget }) => closest(relatedTarget, '#points') || chooseAt(pointed?.place ?? null));
}

/** Whether a preview keeps the engine for a while. */
const isSlow = () => store.state.engine?.device.kind === 'cpu' || Boolean(store.state.engine?.device.software);

/** Points at a pixel, or at nothing. @param {Pixel | null} pixel @param {boolean} remove */
export function aimAt(pixel, remove) {
  const { encoded, document, aim, preview } = store.state;
  if (!pixel || encoded !== document.photo?.id || (remove && !document.points.length)) {
    previews.stop();
    // What stands in for a mask stays until that is there.
    if (aim || (preview && !preview.holds)) store.set({ aim: null, preview: preview?.holds ? preview : null });
    return;
  }
  const choice = choiceAt(pixel);
  store.set({ aim: { ...pixel, foreground: !remove, choice } });
  previewPoints(aimedPoints({ ...pixel, foreground: !remove, size: choice?.size ?? null }), { waits: true });
}

/** The size that was chosen near a pixel, before the click. @param {Pixel} pixel */
function choiceAt(pixel) {
  const { aim, camera } = store.state;
  if (!aim?.choice) return null;
  return distance(placeOf(camera, aim.choice.at), placeOf(camera, pixel)) <= CHOICE_REACH ? aim.choice : null;
}

/** A size for the point that is not placed yet. @param {number | null} size @param {number} taken */
export function chooseSize(size, taken) {
  const { aim } = store.state;
  if (!aim) return;
  const { x, y, foreground } = aim;
  store.set({ aim: { ...aim, choice: { at: { x, y }, size, taken } } });
  previewPoints(aimedPoints({ x, y, foreground, size }), {});
}

/** The size that a point placed on a pixel gets, and what the automatic one takes there, as far as that is known. @param {Pixel} pixel */
export function sizeAt(pixel) {
  const { preview } = store.state;
  const isOfIt = preview?.of.x === pixel.x && preview.of.y === pixel.y && preview.of.size === null;
  return { size: choiceAt(pixel)?.size ?? null, automatic: isOfIt ? (preview.taken.at(-1) ?? null) : null };
}

/** The points as they would be with one that is not placed yet. @param {Point} point */
export const aimedPoints = (point) => withPoint(store.state.document.points, point);

/**
 * Asks for the mask as it would be.
 * @param {readonly Point[]} points
 * @param {{ waits?: boolean, isLive?: boolean }} how `waits`: where that takes a while, for the pointer to rest
 */
export function previewPoints(points, { waits = false, isLive = false }) {
  if (photoId() && store.state.encoded === photoId()) previews.want(points, { waits: waits && isSlow(), isLive });
}

/** @param {Place} place @returns {number} -1 for none */
function pointUnder(place) {
  const { camera, document } = store.state;
  return document.points.findIndex((point) => distance(placeOf(camera, point), place) < POINT_REACH);
}

/** @param {Place} place @param {Extent} photo @returns {Pixel} */
const nearestPixel = (place, photo) => {
  const { camera } = store.state;
  /** @param {number} at @param {number} length */
  const within = (at, length) => Math.min(Math.max(Math.floor(at), 0), length - 1);
  return { x: within((place.x - camera.x) / camera.scale, photo.width), y: within((place.y - camera.y) / camera.scale, photo.height) };
};

/** @param {number} factor @param {Place} [at] the viewport's middle where absent */
export function zoomBy(factor, at) {
  const { camera, viewport, density, document: { photo } } = store.state;
  if (!photo) return;
  store.set({ camera: zoomed(camera, camera.scale * factor, at ?? { x: viewport.width / 2, y: viewport.height / 2 }, { viewport, photo, density }) });
}

/** @satisfies {Partial<Intents>} */
export const pointerIntents = {
  lift(index) {
    // An undo may have taken it away since it was pressed.
    const point = store.state.document.points[index];
    if (point) store.set({ drag: { index, x: point.x, y: point.y } });
  },
  drag(place, isTouch) {
    // Esc or an undo has taken it out of the hand, and the button is still down.
    const { drag, document: { photo, points } } = store.state;
    if (!drag || !photo) return;
    const { index } = drag;
    const pixel = nearestPixel(place, photo);
    store.set({ drag: { index, ...pixel } });
    carry(place, isTouch);
    previewPoints(points.map((point, i) => (i === index ? { ...point, ...pixel } : point)), { waits: true });
  },
  drop(place) {
    magnify(null);
    const { drag, document: { photo } } = store.state;
    if (!drag || !photo) return;
    const { x, y } = nearestPixel(place, photo);
    movePoint(drag.index, x, y);
  },
  choose: (index) => store.set({ chosen: index }),
  remove(index) {
    if (store.state.document.points[index]) showDocument(made.removePoint(index));
  },
  pan(dx, dy) {
    const { camera, viewport, document: { photo } } = store.state;
    if (photo) store.set({ camera: panned(camera, dx, dy, { viewport, photo }) });
  },
  zoom: zoomBy,
};

/** What the keyboard's cursor and its points do. @satisfies {Partial<KeyIntents>} */
export const keyIntents = {
  moveCursor(pixel) {
    store.set({ cursor: pixel });
    chooseAt(placeOf(store.state.camera, pixel));
    aimAt(pixel, false);
  },
  place: (pixel, remove) => placePoint(pixel, remove, sizeAt(pixel).size),
  movePoint,
  removePoint: (index) => showDocument(made.removePoint(index)),
};
