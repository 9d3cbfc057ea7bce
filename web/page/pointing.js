// Pointing: what is under the pointer is shown before it is clicked.
import { distance, pixelAt, placeOf, panned, zoomed } from './camera.js';
import { made, photoId, store } from './app.js';
import { movePoint, placePoint, showDocument } from './edits.js';
import { magnify } from './magnifier.js';
import { previews } from './requests.js';
import { isWithinRing, ringAt } from './rings.js';
import { withPoint } from './stops.js';

/** Within so many CSS pixels, a point is what is pointed at. */
const POINT_REACH = 12;
/** A size chosen before the click holds within so many CSS pixels: a hand is never still. */
const CHOICE_REACH = 24;

/** Where the pointer is, while it is over the stage. @type {{ place: import('./pointer.js').Place, remove: boolean, isTouch: boolean } | null} */
let pointed = null;

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
  aimAt(pixel && pointUnder(place) < 0 && !isOnRing ? pixel : null, isRemoving);
}

/** What is in the hand takes the pointer along: whatever asks again what it points at must not ask where it was pressed. */
export function carry(place, isTouch) {
  if (pointed) pointed.place = place;
  magnify(isTouch ? place : null);
}

/** The engine is ready again, or nothing is in the hand any more, and the pointer may not have moved meanwhile. */
export function pointAgain() {
  if (pointed) pointAt(pointed.place, pointed.remove, pointed.isTouch);
  else if (store.state.cursor) aimAt(store.state.cursor, false);
}

/** The point under the pointer shows its ring, which stays as long as the pointer is within it. @returns {boolean} whether that is on the ring */
function chooseAt(place) {
  const { state } = store;
  if (state.pull) return false;
  const under = place ? pointUnder(place) : -1;
  const isStill = place && state.chosen >= 0 && isWithinRing(state, place);
  const focused = focusedPoint();
  const chosen = under >= 0 ? under : isStill ? state.chosen : focused;
  const isOnRing = Boolean(place) && under < 0 && ringAt({ ...state, chosen }, place, false) >= 0;
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
  const item = document.activeElement?.closest?.('#stage:not(.by-pointer) #points li:has(:focus-visible)');
  return item ? [...item.parentElement.children].indexOf(item) : -1;
}

/** A point that gets the focus shows its ring. */
export function followFocus() {
  const points = document.querySelector('#points');
  points.addEventListener('focusin', () => focusedPoint() >= 0 && store.set({ chosen: focusedPoint(), isRingHot: true }));
  points.addEventListener('focusout', ({ relatedTarget }) => relatedTarget?.closest?.('#points') || chooseAt(pointed?.place ?? null));
}

/** Whether a preview keeps the engine for a while. */
const isSlow = () => store.state.engine?.device.kind === 'cpu' || store.state.engine?.device.software;

/** Points at a pixel, or at nothing. */
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

/** The size that was chosen near a pixel, before the click. */
function choiceAt(pixel) {
  const { aim, camera } = store.state;
  if (!aim?.choice) return null;
  return distance(placeOf(camera, aim.choice.at), placeOf(camera, pixel)) <= CHOICE_REACH ? aim.choice : null;
}

/** A size for the point that is not placed yet. */
export function chooseSize(size, taken) {
  const { aim } = store.state;
  if (!aim) return;
  const { x, y, foreground } = aim;
  store.set({ aim: { ...aim, choice: { at: { x, y }, size, taken } } });
  previewPoints(aimedPoints({ x, y, foreground, size }), {});
}

/** The size that a point placed on a pixel gets, and what the automatic one takes there, as far as that is known. */
export function sizeAt(pixel) {
  const { preview } = store.state;
  const isOfIt = preview?.of.x === pixel.x && preview.of.y === pixel.y && preview.of.size === null;
  return { size: choiceAt(pixel)?.size ?? null, automatic: isOfIt ? preview.taken.at(-1) : null };
}

/** The points as they would be with one that is not placed yet. */
export const aimedPoints = (point) => withPoint(store.state.document.points, point);

/** Asks for the mask as it would be. @param {{ waits?: boolean, isLive?: boolean }} how `waits`: where that takes a while, for the pointer to rest */
export function previewPoints(points, { waits = false, isLive = false }) {
  if (photoId() && store.state.encoded === photoId()) previews.want(points, { waits: waits && isSlow(), isLive });
}

/** @returns {number} -1 for none */
function pointUnder(place) {
  const { camera, document } = store.state;
  return document.points.findIndex((point) => distance(placeOf(camera, point), place) < POINT_REACH);
}

const nearestPixel = (place) => {
  const { camera, document: { photo } } = store.state;
  const within = (at, length) => Math.min(Math.max(Math.floor(at), 0), length - 1);
  return { x: within((place.x - camera.x) / camera.scale, photo.width), y: within((place.y - camera.y) / camera.scale, photo.height) };
};

const view = () => ({ stage: store.state.stage, photo: store.state.document.photo, density: store.state.density });

export function zoomBy(factor, at) {
  const { camera, stage, document } = store.state;
  if (!document.photo) return;
  store.set({ camera: zoomed(camera, camera.scale * factor, at ?? { x: stage.width / 2, y: stage.height / 2 }, view()) });
}

/** @type {Partial<import('./pointer.js').Intents>} */
export const pointerIntents = {
  lift(index) {
    // An undo may have taken it away since it was pressed.
    const point = store.state.document.points[index];
    if (point) store.set({ drag: { index, x: point.x, y: point.y } });
  },
  drag(place, isTouch) {
    // Esc or an undo has taken it out of the hand, and the button is still down.
    if (!store.state.drag) return;
    const { index } = store.state.drag;
    const pixel = nearestPixel(place);
    store.set({ drag: { index, ...pixel } });
    carry(place, isTouch);
    previewPoints(store.state.document.points.map((point, i) => (i === index ? { ...point, ...pixel } : point)), { waits: true });
  },
  drop(place) {
    magnify(null);
    const { drag } = store.state;
    if (drag) movePoint(drag.index, nearestPixel(place).x, nearestPixel(place).y);
  },
  choose: (index) => store.set({ chosen: index }),
  remove: (index) => store.state.document.points[index] && showDocument(made.removePoint(index)),
  pan: (dx, dy) => store.state.document.photo && store.set({ camera: panned(store.state.camera, dx, dy, view()) }),
  zoom: zoomBy,
};

/** What the keyboard's cursor and its points do. */
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
