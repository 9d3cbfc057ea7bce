// What goes wrong is a sentence and the one next step; nothing that the user made is lost.
import { photoId, photos, store } from './app.js';
import { save } from './commands.js';
import { giveUpOpening, openingPhoto } from './edits.js';
import { STEP_LABELS, explain } from './errors.js';
import { chooseFile } from './intake.js';
import { engine, exports, previews, sendModel, sendPhoto, sendPoints } from './requests.js';

/** @import { Fault, NextStep } from './errors.js' */
/** @import { Notice } from './store.js' */

/**
 * Says something in a sentence, with the one button that does the next step where there is one.
 * @param {string} sentence
 * @param {Partial<Omit<Notice, 'sentence'>>} [options] `stays`: until what goes on is over
 */
export function say(sentence, { label, run, isError = false, stays = false } = {}) {
  store.set({ notice: { sentence, label, isError, stays, run: run && (() => (store.set({ notice: null }), run())) } });
}

/** @param {Fault} error */
export function showError(error) {
  const opening = error.photo !== undefined && error.photo === openingPhoto()?.id ? openingPhoto() : null;
  // An error about a photo that nobody waits for any more is none.
  if (error.photo !== undefined && error.photo !== photoId() && !opening) return;
  const { sentence, step } = explain({ code: error.code, message: error.message, name: opening?.name });
  console.warn(`${error.code}: ${error.message}`);
  if (opening) giveUpOpening();
  exports.fail(error);
  previews.forget();
  // The mask that a pull stood in for will not come: the one that is there is the one that is true.
  store.set({ work: null, preview: null });
  say(sentence, { label: STEP_LABELS[step], run: NEXT_STEPS[step], isError: true });
}

/** @type {Record<NextStep, () => void>} */
const NEXT_STEPS = {
  'choose-photo': chooseFile,
  'use-cpu': () => sendModel({ on: 'cpu' }),
  'reload-model': () => sendModel({ fresh: true }),
  'restart-engine': goOn,
  'reload-page': () => location.reload(),
  'plain-address': () => location.replace(location.pathname),
  'save-instead': () => save('cutout'),
};

/** A new engine, with the same model, photo and points. */
export function goOn() {
  engine.restart();
  store.set({ work: { stage: 'starting', done: 0, total: 0 } });
  sendModel();
  const { photo, points } = store.state.document;
  const next = openingPhoto() ?? (photo && photos.get(photo.id));
  if (next) sendPhoto(next);
  if (points.length) sendPoints();
}
