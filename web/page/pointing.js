// Pointing: what is under the pointer is shown before it is clicked.
import { pixelAt, placeOf, panned, zoomed } from './camera.js';
import { made, photoId, photos, store } from './app.js';
import { placePoint, showDocument } from './edits.js';
import { showMagnifier } from './magnifier.js';
import { previews } from './requests.js';

/** Where the pointer is, while it is over the stage. @type {{ place: import('./pointer.js').Place, remove: boolean, isTouch: boolean } | null} */
let pointed = null;

export function pointAt(place, remove, isTouch) {
  pointed = place && { place, remove, isTouch };
  const { state } = store;
  showMagnifier(state, photos.shown, isTouch ? place : null);
  const pixel = place && pixelAt(state.camera, state.document.photo, place);
  const isRemoving = remove || (isTouch && state.tapRemoves);
  if (pixel && !isTouch && state.cursor) store.set({ cursor: null });
  previewAt(pixel && !isOverPoint(place) ? pixel : null, isRemoving);
}

/** Whether a preview keeps the engine for a while. */
const isSlow = () => store.state.engine?.device.kind === 'cpu' || store.state.engine?.device.software;

function previewAt(pixel, remove) {
  const { encoded, document } = store.state;
  if (!pixel || encoded !== document.photo?.id || (remove && !document.points.length)) {
    previews.stop();
    if (store.state.preview) store.set({ preview: null });
    return;
  }
  const others = document.points.filter(({ x, y }) => x !== pixel.x || y !== pixel.y);
  previews.want([...others, { ...pixel, foreground: !remove }], isSlow());
}

/** The engine is ready again, and the pointer may not have moved meanwhile. */
export function pointAgain() {
  if (pointed) pointAt(pointed.place, pointed.remove, pointed.isTouch);
  else if (store.state.cursor) previewAt(store.state.cursor, false);
}

const POINT_RADIUS = 12;
function isOverPoint(place) {
  const { camera, document } = store.state;
  return document.points.some((point) => {
    const { x, y } = placeOf(camera, point);
    return Math.hypot(x - place.x, y - place.y) < POINT_RADIUS;
  });
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

/** @type {import('./pointer.js').Intents} */
export const pointerIntents = {
  point: pointAt,
  place(place, remove, isTouch) {
    // A click beside an open menu closes it, and no more.
    if (store.state.panel === 'export') {
      store.set({ panel: 'none' });
      return;
    }
    const pixel = pixelAt(store.state.camera, store.state.document.photo, place);
    if (pixel) placePoint(pixel, remove || (isTouch && store.state.tapRemoves));
  },
  drag(index, place) {
    const pixel = nearestPixel(place);
    store.set({ drag: { index, ...pixel } });
    const points = store.state.document.points.map((point, i) => (i === index ? { ...point, ...pixel } : point));
    if (store.state.encoded === photoId()) previews.want(points, isSlow());
  },
  drop(index, place) {
    if (!place) store.set({ drag: null });
    else showDocument(made.movePoint(index, nearestPixel(place).x, nearestPixel(place).y));
  },
  remove: (index) => showDocument(made.removePoint(index)),
  pan: (dx, dy) => store.state.document.photo && store.set({ camera: panned(store.state.camera, dx, dy, view()) }),
  zoom: zoomBy,
};

/** What the keyboard's cursor and its points do. */
export const keyIntents = {
  moveCursor(pixel) {
    store.set({ cursor: pixel });
    previewAt(pixel, false);
  },
  place: placePoint,
  movePoint: (index, x, y) => showDocument(made.movePoint(index, x, y)),
  removePoint: (index) => showDocument(made.removePoint(index)),
};
