// The work between what the page wants and what is there. The table's order is the order of the work.
import { Engine, Photo } from '../maskov-web.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./wishes.js').Wish} Wish */
/**
 * @typedef {object} Job
 * @property {string} key its wish's key
 * @property {(desk: Desk, request: object) => boolean} isReady whether what it needs is there
 * @property {(desk: Desk, wish: Wish) => Promise<void>} run
 * @property {boolean} [isOnce] whether its wish is fulfilled for good, and given up after any error
 */

/** @type {Job[]} */
export const JOBS = [
  { key: 'model', isReady: () => true, run: load },
  { key: 'encode', isReady: ({ engine }) => engine !== null, run: encode },
  { key: 'points', isReady: (desk, { photo, points }) => desk.photo?.id === photo && (!points.length || desk.isEncoded(photo)), run: segment },
  ...['mask', 'cutout'].map((what) => ({ key: `export ${what}`, isReady: (desk) => desk.hasMask(), run: exportPng, isOnce: true })),
  { key: 'markov-map', isReady: (desk) => desk.isEncoded(desk.photo?.id), run: makeMarkovMap, isOnce: true },
  { key: 'kept', isReady: (desk) => desk.hasMask(), run: outlineKept, isOnce: true },
  { key: 'preview', isReady: (desk, { photo }) => desk.isEncoded(photo), run: preview, isOnce: true },
  { key: 'sizes', isReady: (desk, { photo }) => desk.isEncoded(photo), run: findSizes, isOnce: true },
];

/** Decoding needs no engine and waits for nothing. @param {Desk} desk @param {Wish} wish */
export async function decode(desk, { request: { photo, file }, signal }) {
  const picture = await Photo.decode(file);
  if (signal.aborted) {
    picture.free();
    throw signal.reason;
  }
  const { width, height, notes } = picture;
  const png = picture.png();
  desk.openPhoto(photo, picture);
  desk.tell({ kind: 'photo', photo, width, height, notes, png });
}

async function load(desk, wish) {
  // The old model's memory first: two at once may not fit.
  desk.closeEngine();
  const { url: model, device, resolution, fresh, softwareIsFaster } = wish.request;
  desk.engine = await Engine.load({ model, device, resolution, fresh, softwareIsFaster, ...desk.optionsFor(wish) });
}

async function encode(desk, wish) {
  const { picture } = desk.photo;
  const { milliseconds } = await desk.call(wish, (engine, options) => engine.setImage(picture, options));
  desk.tellEncoded(milliseconds);
}

async function segment(desk, wish) {
  const { photo, revision, points } = wish.request;
  desk.forgetMask();
  if (!points.length) {
    desk.tell({ kind: 'mask', photo, revision, milliseconds: 0, area: 0, path: '', sizes: new Float32Array() });
    return;
  }
  const mask = await desk.call(wish, (engine, options) => engine.mask(points, options));
  desk.mask = mask;
  desk.tell({ kind: 'mask', photo, revision, ...told(mask) });
}

async function exportPng(desk, { request: { serial, what } }) {
  desk.tell({ kind: 'work', stage: 'exporting', done: 0, total: 0 });
  const png = what === 'mask' ? desk.mask.maskPng() : desk.mask.cutoutPng();
  desk.tell({ kind: 'exported', serial, what, png });
}

async function makeMarkovMap(desk, wish) {
  const { serial, point } = wish.request;
  const map = await desk.call(wish, (engine, options) => engine.markovMap(point, options));
  desk.tell({ kind: 'markov-map', serial, ...map });
}

async function preview(desk, wish) {
  const { photo, serial, points } = wish.request;
  const mask = await desk.call(wish, (engine, options) => engine.preview(points, options));
  desk.tell({ kind: 'preview', photo, serial, ...told(mask) });
  mask.free();
}

async function outlineKept(desk, wish) {
  const { photo, revision, points } = wish.request;
  const mask = await desk.call(wish, (engine, options) => engine.preview(points, options));
  desk.tell({ kind: 'kept', photo, revision, path: mask.outlinePath() });
  mask.free();
}

async function findSizes(desk, wish) {
  const { photo, points, index, key } = wish.request;
  const stops = await desk.call(wish, (engine, options) => engine.sizes(points, index, options));
  desk.tell({ kind: 'sizes', photo, key, stops });
}

/** What the page is told of a mask. @param {import('../maskov-web.js').Mask} mask */
function told(mask) {
  const { milliseconds, area, sizes } = mask;
  return { milliseconds, area, sizes, path: mask.outlinePath() };
}
