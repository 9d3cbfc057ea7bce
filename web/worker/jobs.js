// What a task of each key does. The table's order is their priority.
import { Engine, Photo } from '../maskov-web.js';

/** @typedef {import('./scheduler.js').Scheduler} Scheduler */
/** @typedef {import('./tasks.js').Task} Task */
/**
 * @typedef {object} Job
 * @property {string} key its task's key
 * @property {(scheduler: Scheduler, request: object) => boolean} isReady whether what it needs is there
 * @property {(scheduler: Scheduler, task: Task) => Promise<void>} run
 * @property {boolean} [isOnce] whether its task is fulfilled for good, and given up after any error
 */

/** @type {Job[]} */
export const JOBS = [
  { key: 'model', isReady: () => true, run: load },
  { key: 'encode', isReady: ({ engine }) => engine !== null, run: encode },
  { key: 'points', isReady: (scheduler, { photo, points }) => scheduler.photo?.id === photo && (!points.length || scheduler.isEncoded(photo)), run: segment },
  ...['mask', 'cutout'].map((what) => ({ key: `export ${what}`, isReady: (scheduler) => scheduler.hasMask(), run: exportPng, isOnce: true })),
  { key: 'markov-map', isReady: (scheduler) => scheduler.isEncoded(scheduler.photo?.id), run: makeMarkovMap, isOnce: true },
  { key: 'kept', isReady: (scheduler) => scheduler.hasMask(), run: outlineKept, isOnce: true },
  { key: 'preview', isReady: (scheduler, { photo }) => scheduler.isEncoded(photo), run: preview, isOnce: true },
  { key: 'sizes', isReady: (scheduler, { photo }) => scheduler.isEncoded(photo), run: findSizes, isOnce: true },
];

/** Decoding needs no engine and waits for nothing. @param {Scheduler} scheduler @param {Task} task */
export async function decode(scheduler, { request: { photo, file }, signal }) {
  const picture = await Photo.decode(file);
  if (signal.aborted) {
    picture.free();
    throw signal.reason;
  }
  const { width, height, notes } = picture;
  const png = picture.png();
  scheduler.openPhoto(photo, picture);
  scheduler.tell({ kind: 'photo', photo, width, height, notes, png });
}

async function load(scheduler, task) {
  // The old model's memory first: two at once may not fit.
  scheduler.closeEngine();
  const { url: model, device, resolution, fresh, softwareIsFaster } = task.request;
  scheduler.engine = await Engine.load({ model, device, resolution, fresh, softwareIsFaster, ...scheduler.optionsFor(task) });
}

async function encode(scheduler, task) {
  const { picture } = scheduler.photo;
  const { milliseconds } = await scheduler.call(task, (engine, options) => engine.setImage(picture, options));
  scheduler.tellEncoded(milliseconds);
}

async function segment(scheduler, task) {
  const { photo, revision, points } = task.request;
  scheduler.forgetMask();
  if (!points.length) {
    scheduler.tell({ kind: 'mask', photo, revision, milliseconds: 0, area: 0, path: '', sizes: new Float32Array() });
    return;
  }
  const mask = await scheduler.call(task, (engine, options) => engine.mask(points, options));
  scheduler.mask = mask;
  scheduler.tell({ kind: 'mask', photo, revision, ...told(mask) });
}

async function exportPng(scheduler, { request: { serial, what } }) {
  scheduler.tell({ kind: 'work', stage: 'exporting', done: 0, total: 0 });
  const png = what === 'mask' ? scheduler.mask.maskPng() : scheduler.mask.cutoutPng();
  scheduler.tell({ kind: 'exported', serial, what, png });
}

async function makeMarkovMap(scheduler, task) {
  const { serial, point } = task.request;
  const map = await scheduler.call(task, (engine, options) => engine.markovMap(point, options));
  scheduler.tell({ kind: 'markov-map', serial, ...map });
}

async function preview(scheduler, task) {
  const { photo, serial, points } = task.request;
  const mask = await scheduler.call(task, (engine, options) => engine.preview(points, options));
  scheduler.tell({ kind: 'preview', photo, serial, ...told(mask) });
  mask.free();
}

async function outlineKept(scheduler, task) {
  const { photo, revision, points } = task.request;
  const mask = await scheduler.call(task, (engine, options) => engine.preview(points, options));
  scheduler.tell({ kind: 'kept', photo, revision, path: mask.outlinePath() });
  mask.free();
}

async function findSizes(scheduler, task) {
  const { photo, points, index, key } = task.request;
  const stops = await scheduler.call(task, (engine, options) => engine.sizes(points, index, options));
  scheduler.tell({ kind: 'sizes', photo, key, stops });
}

/** What the page is told of a mask. @param {import('../maskov-web.js').Mask} mask */
function told(mask) {
  const { milliseconds, area, sizes } = mask;
  return { milliseconds, area, sizes, path: mask.outlinePath() };
}
