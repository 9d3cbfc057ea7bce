// What the engine tells becomes state.
import { photoId, photos, store } from './app.js';
import { askForMap, openExport } from './commands.js';
import { takePhoto } from './edits.js';
import { say, showError } from './faults.js';
import { showGrowth } from './how.js';
import { seconds } from './panels.js';
import { pointAgain } from './pointing.js';
import { exports, isNewestMap, previews, sendKept, sendPrepare } from './requests.js';
import { keepVerdict } from './settings.js';

/** @import { Event, EventOf } from './engine.js' */

/** @type {Promise<void>} */
let former = Promise.resolve();

/** Events are taken in their order, each when the one before is over: the picture of a photo takes a moment. @param {Event} event */
export function handle(event) {
  /** That of the event's own kind, which TypeScript does not see. */
  const take = /** @type {(event: Event) => void | Promise<void>} */ (HANDLERS[event.kind]);
  former = former.then(() => take(event)).catch(reportError);
}

let isRecovering = false;

/** @type {{ [K in Event['kind']]: (event: EventOf<K>) => void | Promise<void> }} */
const HANDLERS = {
  work({ stage, done, total, stored }) {
    store.set({ work: { stage, done, total, stored } });
  },
  device({ kind, ...told }) {
    store.set({ engine: told, work: null });
    const { verdict, reasonCode } = told.device;
    if (verdict) keepVerdict(verdict);
    if (reasonCode === 'adapter-wrong') say('This graphics adapter computes wrongly in this browser, so the CPU makes the masks, a little slower.');
    else if (reasonCode === 'adapter-too-small') say('This graphics adapter is too small for the model. What fits instead: the same masks on the CPU, a little slower.');
    else if (!told.isStored && told.storageFull) say('This browser’s storage is full, so the model is loaded again at the next visit. Masks and exports work all the same.');
  },
  photo: takePhoto,
  encoded({ photo, milliseconds }) {
    recovered();
    store.set({ encoded: photo, work: null, done: `Photo read in ${seconds(milliseconds)}` });
    if (photo !== photoId()) return;
    pointAgain();
    sendPrepare(photo);
  },
  mask({ photo, revision, milliseconds, area, path, sizes }) {
    const { document } = store.state;
    if (photo !== photoId() || revision !== document.revision) return;
    recovered();
    const points = document.points.length;
    const taken = Object.fromEntries(document.points.map(({ x, y }, i) => [`${x},${y}`, sizes[i]]));
    exports.forget();
    store.set({
      mask: points ? { photo, revision, path, area, points, taken } : null,
      preview: null,
      work: null,
      done: points ? `Mask in ${seconds(milliseconds)}` : '',
    });
    if (store.state.panel === 'how') askForMap();
    if (store.state.panel === 'export') openExport();
    if (points) sendKept();
    pointAgain();
  },
  preview({ photo, serial, path, area, sizes }) {
    const answered = previews.arrived(serial);
    const of = answered?.points.at(-1);
    if (photo !== photoId() || !answered || !of) return;
    store.set({ preview: { serial, path, area, isLive: answered.isLive, of, taken: [...sizes], holds: 0 } });
  },
  kept({ photo, revision, path }) {
    if (photo === photoId()) store.set({ kept: { revision, path } });
  },
  sizes({ photo, key, stops }) {
    if (photo === photoId()) store.set({ stops: { key, list: stops } });
  },
  exported(event) {
    exports.arrived(event);
    store.set({ work: null });
  },
  'markov-map'(event) {
    store.set({ work: null });
    if (isNewestMap(event.serial) && store.state.panel === 'how' && photos.shown) showGrowth(event, photos.shown);
  },
  recovering() {
    isRecovering = true;
    store.set({ encoded: 0, work: { stage: 'starting', done: 0, total: 0 } });
    say('The graphics driver restarted. Picking up where you were…', { stays: true });
  },
  shrinking() {
    store.set({ encoded: 0 });
    say('The graphics memory is short, so a smaller plan is used. Your photo and points stay.');
  },
  error(event) {
    isRecovering = false;
    showError(event);
  },
};

/** What was said of a restart is over. */
function recovered() {
  if (isRecovering) store.set({ notice: null });
  isRecovering = false;
}
