// What buttons (by their data-do) and keys do.
import { fitted } from './camera.js';
import { made, store } from './app.js';
import { redo, showDocument, undo } from './edits.js';
import { find } from './elements.js';
import { download, exportName } from './export.js';
import { goOn, say, showError } from './faults.js';
import { showNoMap } from './how.js';
import { chooseFile } from './intake.js';
import { seconds } from './panels.js';
import { zoomBy } from './pointing.js';
import { engine, exports, previews, sendMarkovMap, sendModel } from './requests.js';
import { keepSettings } from './settings.js';
import { objectBox } from './viewport.js';

/** @import { What } from './engine.js' */
/** @import { Fault } from './errors.js' */
/** @import { Commands } from './keyboard.js' */
/** @import { State } from './store.js' */

const ZOOM_STEP = 1.25;

/** @param {State['panel']} panel */
const toggle = (panel) => store.set({ panel: store.state.panel === panel ? 'none' : panel });

/** @type {Commands} */
export const COMMANDS = {
  open: chooseFile,
  undo,
  redo,
  'zoom-in': () => zoomBy(ZOOM_STEP),
  'zoom-out': () => zoomBy(1 / ZOOM_STEP),
  fit: () => store.set({ camera: fitted(store.state.viewport, store.state.document.photo) }),
  'actual-size': () => zoomBy(1 / store.state.density / store.state.camera.scale),
  fast: () => choose('fast'),
  fine: () => choose('fine'),
  export() {
    toggle('export');
    if (store.state.panel === 'export') openExport();
  },
  'save-cutout': () => save('cutout'),
  'save-mask': () => save('mask'),
  copy,
  how() {
    toggle('how');
    if (store.state.panel === 'how') askForMap();
  },
  device: () => toggle(store.state.engine?.device.kind === 'cpu' ? 'cpu' : 'privacy'),
  cpu: () => toggle('cpu'),
  'try-gpu'() {
    store.set({ panel: 'none' });
    sendModel({ on: 'auto' });
  },
  cancel,
  keys: () => find('#keys', HTMLDialogElement).showModal(),
  'close-keys': () => find('#keys', HTMLDialogElement).close(),
  'close-panel': () => store.set({ panel: 'none' }),
  'close-notice': () => store.set({ notice: null }),
  'tap-adds': () => store.set({ tapRemoves: false }),
  'tap-removes': () => store.set({ tapRemoves: true }),
  escape() {
    const { panel, notice, document } = store.state;
    if (panel !== 'none') store.set({ panel: 'none' });
    else if (notice) store.set({ notice: null });
    else if (document.points.length) showDocument(made.clear());
  },
};

/** @param {State['detail']} detail */
function choose(detail) {
  if (detail === store.state.detail) return;
  store.set({ detail });
  keepSettings({ detail });
  sendModel();
}

export async function openExport() {
  const { mask, document: { photo } } = store.state;
  if (!mask?.path || !photo) return;
  await exports.show(exportName(photo.name, 'cutout'), photo, objectBox).catch(tellExportError);
}

/** @param {What} what */
export async function save(what) {
  const { mask, document: { photo } } = store.state;
  if (!mask?.path || !photo) return;
  const start = performance.now();
  const name = exportName(photo.name, what);
  try {
    download(await exports.png(what), name);
    exported(`Saved ${name} · ${seconds(performance.now() - start)}`);
  } catch (error) {
    tellExportError(error);
  }
}

async function copy() {
  if (!store.state.mask?.path) return;
  try {
    await exports.copy();
    exported('The cut-out is on the clipboard');
  } catch (error) {
    tellExportError(error.code && typeof error.code === 'string' ? error : { code: 'clipboard-denied', message: String(error.message) });
  }
}

/** The menu has done its work; another card that was opened meanwhile stays. @param {string} done */
function exported(done) {
  const { panel } = store.state;
  store.set({ done, panel: panel === 'export' ? 'none' : panel });
}

/** The engine's own errors were told when they came; a newer mask makes no error of the former one's file. @param {Fault} error */
function tellExportError(error) {
  if (error.code === 'clipboard-denied') showError(error);
}

export function askForMap() {
  const { document, encoded } = store.state;
  const point = document.points.at(-1);
  if (!point || encoded !== document.photo?.id) showNoMap(point ? 'Wait until the photo is read.' : 'Click a thing, and its map grows here.');
  else sendMarkovMap(point);
}

/** Loading and reading can be given up: the photo stays to be looked at, and a button goes on. */
function cancel() {
  engine.restart();
  previews.forget();
  store.set({ work: null, encoded: 0, done: 'Stopped' });
  say('Stopped. Your photo and points stay.', { label: 'Go on', run: goOn });
}
