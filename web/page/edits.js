// Opening photos and placing points: every change goes through the document, and everything follows from it.
import { fitted } from './camera.js';
import { made, photoId, photos, store } from './app.js';
import { say, showError } from './faults.js';
import { exports, needPhoto, sendPhoto, sendPoints } from './requests.js';

/** @import { Snapshot } from '../maskov-page.js' */
/** @import { Pixel } from './camera.js' */
/** @import { EventOf } from './engine.js' */
/** @import { OpenPhoto } from './photos.js' */

/** What was chosen last and is still being opened. @type {OpenPhoto | null} */
let opening = null;

/** @param {File[]} files */
export function openFiles(files) {
  const [file] = files;
  store.set({ notice: null, panel: 'none' });
  if (/\.maskov$/i.test(file.name)) {
    showError({ code: 'newer-project', message: `${file.name} is a project of a newer Maskov. Reload the page to get the version that opens it.` });
    return;
  }
  if (files.length > 1) say(`${files.length} files came, and one photo is open at a time: this is ${file.name}.`);
  open(file, file.name || 'pasted.png');
}

/** @param {Blob} file @param {string} name */
function open(file, name) {
  store.set({ work: { stage: 'decoding', done: 0, total: 0 } });
  try {
    opening = photos.add(file, name);
    sendPhoto(opening);
  } catch (error) {
    showError(error);
  }
}

/**
 * The engine has decoded a photo: what it is seen as, from now on, and in place of the photo before if it is newly opened.
 * @param {EventOf<'photo'>} event
 */
export async function takePhoto({ photo: id, width, height, notes, png }) {
  const isWanted = () => id === opening?.id || id === photoId();
  if (isWanted()) await photos.picture(id, new Blob([png], { type: 'image/png' }));
  if (store.state.work?.stage === 'decoding') store.set({ work: null });
  if (id === opening?.id) {
    const { name } = opening;
    opening = null;
    showDocument(made.openPhoto(id, name, width, height));
    if (notes.length) say(notes.join(' '));
    return;
  }
  const { photo } = store.state.document;
  if (photo?.id === id) photos.show(photo);
}

/**
 * A photo that every browser reads as the engine does is seen before the engine is there, and clicks on it wait for the engine.
 * @param {Blob} file
 * @param {string} name
 */
export async function openAtOnce(file, name) {
  if (photos.newest) return;
  const { id } = photos.add(file, name);
  await photos.picture(id, file);
  const image = photos.get(id)?.image;
  if (id !== photos.newest || !image?.naturalWidth) return;
  showDocument(made.openPhoto(id, name, image.naturalWidth, image.naturalHeight));
}

/** Shows what the document has become, and asks the engine for what follows from it. @param {Snapshot} document */
export function showDocument(document) {
  const { document: former, chosen, preview } = store.state;
  store.set({ document, drag: null });
  if (document.revision === former.revision) return;
  // Whose ring is seen stays so, where it still is; what a pull stood in for is no more what comes.
  const at = former.points[chosen];
  store.set({ chosen: at ? indexOf(document, at) : -1, preview: preview?.isLive ? null : preview });
  if (document.photo?.id !== former.photo?.id) {
    store.set({ mask: null, kept: null, preview: null, aim: null, stops: null, cursor: null, encoded: 0, camera: fitted(store.state.viewport, document.photo), done: '' });
    exports.forget();
    if (!document.photo) return;
    photos.show(document.photo);
    const file = photos.get(document.photo.id);
    if (file) needPhoto(file);
    if (document.points.length) sendPoints();
    return;
  }
  sendPoints();
}

/**
 * @param {Pixel} pixel
 * @param {boolean} remove
 * @param {number | null} [size] null for the engine's own choice
 * @param {string} [word] what has happened to its size, to be said with the mask
 */
export function placePoint(pixel, remove, size = null, word = '') {
  // Whoever goes on has read it. What is still so stays.
  const { notice } = store.state;
  store.set({ hasClicked: true, notice: notice?.stays ? notice : null });
  showDocument(made.addPoint(pixel.x, pixel.y, !remove, size));
  const { document } = store.state;
  const index = indexOf(document, pixel);
  store.set({ aim: null, chosen: index, resized: { revision: document.revision, index, word } });
}

/** @param {number} index @param {number} x @param {number} y */
export function movePoint(index, x, y) {
  showDocument(made.movePoint(index, x, y));
  store.set({ chosen: indexOf(store.state.document, { x, y }) });
}

/** @param {number} index @param {number | null} size null for the engine's own choice @param {string} word as in `placePoint` */
export function resizePoint(index, size, word) {
  showDocument(made.resizePoint(index, size));
  store.set({ resized: { revision: store.state.document.revision, index, word } });
}

/** @param {Snapshot} document @param {Pixel} pixel */
const indexOf = ({ points }, { x, y }) => points.findIndex((point) => point.x === x && point.y === y);

export function undo() {
  if (store.state.document.canUndo) showDocument(made.undo());
}

export function redo() {
  if (store.state.document.canRedo) showDocument(made.redo());
}

/** The photo that is being opened and not yet seen. */
export const openingPhoto = () => opening;

/** It cannot be opened: the one that is seen stays. */
export function giveUpOpening() {
  if (opening) photos.drop(opening.id);
  opening = null;
}
