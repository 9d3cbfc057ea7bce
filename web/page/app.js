// What there is one of: the document, the state, the photos. Everything else is functions over them.
import initDocument, { Document } from '../maskov-page.js';
import { fitted } from './camera.js';
import { Photos } from './photos.js';
import { readSettings } from './settings.js';
import { Store } from './store.js';

/** @import { LoadOptions } from '../maskov-web.js' */

await initDocument();

const parameters = new URLSearchParams(location.search);

/** @type {('gpu' | 'cpu')[]} */
const DEVICES = ['gpu', 'cpu'];

/** What the address asks for, for tests and the curious. */
export const asked = {
  /** R of the attention. */
  resolution: Number(parameters.get('resolution')) || undefined,
  /** Name of the sample to begin with. */
  sample: parameters.get('sample') ?? '',
  /** @type {LoadOptions['device']} */
  device: DEVICES.find((kind) => kind === parameters.get('device')) ?? 'auto',
};

/** What the user made. Lives on the page's thread: an engine that stops takes nothing of it along. */
export const made = new Document();

export const store = new Store({
  document: made.snapshot(),
  camera: fitted({ width: 0, height: 0 }, null),
  viewport: { width: 0, height: 0 },
  density: devicePixelRatio,
  work: { stage: 'starting', done: 0, total: 0 },
  encoded: 0,
  mask: null,
  kept: null,
  preview: null,
  drag: null,
  cursor: null,
  aim: null,
  chosen: -1,
  isRingHot: false,
  // Up and to the right: the hint is below.
  angle: -Math.PI / 4,
  pull: null,
  stops: null,
  resized: { revision: -1, index: -1, word: '' },
  told: { text: '' },
  hidesAll: false,
  tapRemoves: false,
  panel: 'none',
  engine: null,
  detail: readSettings().detail ?? 'fine',
  notice: null,
  done: '',
  hasClicked: false,
  isOnline: navigator.onLine,
});
export const photos = new Photos();

/** The photo that is shown, 0 for none. */
export const photoId = () => store.state.document.photo?.id ?? 0;
