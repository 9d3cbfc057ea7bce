// What the engine is asked for.
import { asked, photoId, store } from './app.js';
import { find } from './elements.js';
import { Engine } from './engine.js';
import { handle } from './events.js';
import { Exports } from './export.js';
import { Previews } from './previews.js';
import { readVerdict } from './settings.js';

/** @import { LoadOptions } from '../maskov-web.js' */
/** @import { OpenPhoto } from './photos.js' */
/** @import { Point } from './store.js' */

const MODEL = new URL(find('meta[name="model"]', HTMLMetaElement).content, document.baseURI).href;
/** R of the quicker choice; the finer one is the model's own. */
const FAST_RESOLUTION = 32;

export const engine = new Engine(handle);
export const previews = new Previews((serial, points) => engine.send({ kind: 'preview', photo: photoId(), serial, points }));
export const exports = new Exports((serial, what) => engine.send({ kind: 'export', serial, what }));
let mapSerial = 0;

/** Where it is to run: what the address says, until somebody chooses. */
let device = asked.device;

/** @param {{ fresh?: boolean, on?: LoadOptions['device'] }} [options] `fresh`: past every cache */
export function sendModel({ fresh = false, on = device } = {}) {
  device = on;
  previews.forget();
  const isFast = store.state.detail === 'fast' && device !== 'cpu';
  const resolution = asked.resolution ?? (isFast ? FAST_RESOLUTION : undefined);
  store.set({ encoded: 0 });
  engine.send({ kind: 'model', url: MODEL, device, resolution, fresh, verdict: readVerdict() });
}

let sentPhoto = 0;

/** @param {OpenPhoto} photo */
export function sendPhoto({ id, file }) {
  sentPhoto = id;
  previews.forget();
  engine.send({ kind: 'photo', photo: id, file });
}

/** Sends a photo unless it is what the engine was asked for last. @param {OpenPhoto} photo */
export function needPhoto(photo) {
  if (photo.id !== sentPhoto) sendPhoto(photo);
}

export function sendPoints() {
  const { photo, revision, points } = store.state.document;
  previews.forget();
  exports.fail({ code: 'cancelled' });
  if (photo) engine.send({ kind: 'points', photo: photo.id, revision, points });
}

/** Asks for the mask that is kept as previews draw it, which show what they would change of it. */
export function sendKept() {
  const { revision, points } = store.state.document;
  engine.send({ kind: 'kept', photo: photoId(), revision, points });
}

/**
 * Asks for the stops of a point's size. The answer has the same key.
 * @param {readonly Point[]} points
 * @param {number} index
 * @param {string} key
 */
export function sendSizes(points, index, key) {
  engine.send({ kind: 'sizes', photo: photoId(), points, index, key });
}

/**
 * Lets the engine prepare previews of a photo while there is nothing else to do: on a graphics card, and not from a battery.
 * @param {number} photo
 */
export async function sendPrepare(photo) {
  const { engine: told } = store.state;
  if (told?.device.kind === 'gpu' && !told.device.software && !(await isOnBattery()) && photo === photoId()) {
    engine.send({ kind: 'prepare', photo });
  }
}

/** Only some browsers tell. */
async function isOnBattery() {
  const { getBattery } = /** @type {{ getBattery?: () => Promise<{ charging: boolean }> }} */ (navigator);
  const battery = await getBattery?.call(navigator).catch(() => null);
  return battery?.charging === false;
}

/** Asks for the Markov map of a point. @param {Point} point */
export function sendMarkovMap(point) {
  engine.send({ kind: 'markov-map', serial: ++mapSerial, point });
}

/** Whether a map is the one that was asked for last. @param {number} serial */
export const isNewestMap = (serial) => serial === mapSerial;
