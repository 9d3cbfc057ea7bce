// What a task of each key does. The table's order is their priority.
import { Engine, Photo } from '../maskov-web.js';

/** @import { Mask } from '../maskov-web.js' */
/** @import { Png } from '../page/engine.js' */
/** @import { Scheduler } from './scheduler.js' */
/** @import { Asked, Task } from './tasks.js' */

/**
 * `key`: its task's; `isReady`: whether what it needs is there; `isOnce`: whether its task is fulfilled for good, and given up
 * after any error. Methods, for to TypeScript only those may take the tasks of one key alone.
 * @typedef {{
 *   key: string,
 *   isReady(scheduler: Scheduler, task: Task): boolean,
 *   run(scheduler: Scheduler, task: Task): Promise<void>,
 *   isOnce?: boolean,
 * }} Job
 */
/**
 * @template {Asked['kind']} K
 * @typedef {Task<Extract<Asked, { kind: K }>>} TaskOf
 */

/** @type {Job[]} */
export const JOBS = [
  { key: 'model', isReady: () => true, run: load },
  { key: 'encode', isReady: ({ engine }) => engine !== null, run: encode },
  { key: 'points', isReady: isPhotoThere, run: segment },
  { key: 'export mask', isReady: (scheduler) => scheduler.hasMask(), run: exportPng, isOnce: true },
  { key: 'export cutout', isReady: (scheduler) => scheduler.hasMask(), run: exportPng, isOnce: true },
  { key: 'markov-map', isReady: (scheduler) => scheduler.isEncoded(scheduler.photo?.id), run: makeMarkovMap, isOnce: true },
  { key: 'kept', isReady: (scheduler) => scheduler.hasMask(), run: outlineKept, isOnce: true },
  { key: 'preview', isReady: (scheduler, { photo }) => scheduler.isEncoded(photo), run: preview, isOnce: true },
  { key: 'sizes', isReady: (scheduler, { photo }) => scheduler.isEncoded(photo), run: findSizes, isOnce: true },
  { key: 'prepare', isReady: (scheduler, { photo }) => scheduler.isEncoded(photo), run: prepare, isOnce: true },
];

/**
 * Without points there is no mask, and nothing that an engine is needed for.
 * @param {Scheduler} scheduler
 * @param {TaskOf<'points'>} task
 */
function isPhotoThere(scheduler, { request: { photo, points } }) {
  return scheduler.photo?.id === photo && (!points.length || scheduler.isEncoded(photo));
}

/** Decoding needs no engine and waits for nothing. @param {Scheduler} scheduler @param {TaskOf<'photo'>} task */
export async function decode(scheduler, { request: { photo, file }, signal }) {
  const picture = await Photo.decode(file);
  if (signal.aborted) {
    picture.free();
    throw signal.reason;
  }
  const { width, height, notes } = picture;
  const png = owned(picture.png());
  scheduler.openPhoto(photo, picture);
  scheduler.tell({ kind: 'photo', photo, width, height, notes, png });
}

/** @param {Scheduler} scheduler @param {TaskOf<'model'>} task */
async function load(scheduler, task) {
  // The old model's memory first: two at once may not fit.
  scheduler.closeEngine();
  const { url: model, device, resolution, fresh, verdict } = task.request;
  scheduler.engine = await Engine.load({ model, device, resolution, fresh, verdict, ...scheduler.optionsFor(task) });
}

/** @param {Scheduler} scheduler @param {TaskOf<'encode'>} task */
async function encode(scheduler, task) {
  const picture = scheduler.photo?.picture;
  if (!picture) return;
  const { milliseconds } = await scheduler.call(task, (engine, options) => engine.setImage(picture, options));
  scheduler.tellEncoded(milliseconds);
}

/** @param {Scheduler} scheduler @param {TaskOf<'points'>} task */
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

/** @param {Scheduler} scheduler @param {TaskOf<'export'>} task */
async function exportPng(scheduler, { request: { serial, what } }) {
  const { mask } = scheduler;
  if (!mask) return;
  scheduler.tell({ kind: 'work', stage: 'exporting', done: 0, total: 0 });
  const png = owned(what === 'mask' ? mask.maskPng() : mask.cutoutPng());
  scheduler.tell({ kind: 'exported', serial, what, png });
}

/** @param {Scheduler} scheduler @param {TaskOf<'markov-map'>} task */
async function makeMarkovMap(scheduler, task) {
  const { serial, point } = task.request;
  const map = await scheduler.call(task, (engine, options) => engine.markovMap(point, options));
  scheduler.tell({ kind: 'markov-map', serial, ...map });
}

/** @param {Scheduler} scheduler @param {TaskOf<'preview'>} task */
async function preview(scheduler, task) {
  const { photo, serial, points } = task.request;
  const mask = await scheduler.call(task, (engine, options) => engine.preview(points, options));
  scheduler.tell({ kind: 'preview', photo, serial, ...told(mask) });
  mask.free();
}

/** @param {Scheduler} scheduler @param {TaskOf<'kept'>} task */
async function outlineKept(scheduler, task) {
  const { photo, revision, points } = task.request;
  const mask = await scheduler.call(task, (engine, options) => engine.preview(points, options));
  scheduler.tell({ kind: 'kept', photo, revision, path: mask.outlinePath() });
  mask.free();
}

/** @param {Scheduler} scheduler @param {TaskOf<'sizes'>} task */
async function findSizes(scheduler, task) {
  const { photo, points, index, key } = task.request;
  const stops = await scheduler.call(task, (engine, options) => engine.sizes(points, index, options));
  scheduler.tell({ kind: 'sizes', photo, key, stops });
}

/** @param {Scheduler} scheduler @param {TaskOf<'prepare'>} task */
async function prepare(scheduler, task) {
  await scheduler.call(task, (engine, options) => engine.preparePreviews(options));
}

/** What the page is told of a mask. @param {Mask} mask */
function told(mask) {
  const { milliseconds, area, sizes } = mask;
  return { milliseconds, area, sizes, path: mask.outlinePath() };
}

/** What the engine hands out is a copy, in memory that nobody shares. @param {Uint8Array} bytes */
const owned = (bytes) => /** @type {Png} */ (bytes);
