// Every error that the engine tells apart: a sentence in plain words and the one next step.

/** @import { Code } from './engine.js' */

/**
 * @typedef {Code | 'newer-project' | 'clipboard-denied'} FaultCode the engine's own, and the page's
 * @typedef {{ code: FaultCode, message: string, photo?: number }} Fault `photo`: the one that it is about
 * @typedef {'choose-photo' | 'use-cpu' | 'reload-model' | 'restart-engine' | 'reload-page' | 'plain-address' | 'save-instead'} NextStep
 * @typedef {{ sentence: string, step: NextStep }} Explained
 * @typedef {(message: string, name?: string) => Explained} Explanation
 */

/** @type {Record<NextStep, string>} */
export const STEP_LABELS = {
  'choose-photo': 'Choose a photo',
  'use-cpu': 'Continue on the CPU',
  'reload-model': 'Load the model again',
  'restart-engine': 'Start it again',
  'reload-page': 'Reload the page',
  'plain-address': 'Use the model’s own',
  'save-instead': 'Save it instead',
};

/** @type {Partial<Record<FaultCode, Explanation>> & { 'engine-stopped': Explanation }} */
const EXPLANATIONS = {
  // What is wrong with a photo is said best by what read it.
  'bad-image': (message, name) => ({
    sentence: name ? `${name} did not open. ${message}` : message,
    step: 'choose-photo',
  }),
  'webgpu-unavailable': () => ({
    sentence: 'This browser offers no WebGPU here. The CPU does the same, a little slower.',
    step: 'use-cpu',
  }),
  'adapter-too-small': () => ({
    sentence: 'This graphics adapter is too small for the model. The CPU does the same, a little slower.',
    step: 'use-cpu',
  }),
  'buffer-too-large': () => ({
    sentence: 'This photo needs more graphics memory at once than the adapter allows. The CPU does the same, a little slower.',
    step: 'use-cpu',
  }),
  'device-lost': () => ({
    sentence: 'The graphics driver keeps restarting. The CPU does the same, a little slower.',
    step: 'use-cpu',
  }),
  'out-of-memory': () => ({
    sentence: 'There is not enough memory for this photo. Close other tabs, or open a smaller photo.',
    step: 'choose-photo',
  }),
  'fetch-failed': () => ({
    sentence: navigator.onLine
      ? 'The model did not arrive. Check the connection.'
      : 'You are offline, and this browser has not kept the model yet. It loads by itself once you are online.',
    step: 'reload-model',
  }),
  'weights-missing': () => ({
    sentence: 'A part of the model is missing on this site.',
    step: 'reload-model',
  }),
  'weights-corrupt': () => ({
    sentence: 'The model arrived damaged, so it was not used.',
    step: 'reload-model',
  }),
  'weights-unsupported': () => ({
    sentence: 'The model is newer than this page. Reload the page to get the version that fits.',
    step: 'reload-page',
  }),
  'newer-project': (message) => ({ sentence: message, step: 'reload-page' }),
  'clipboard-denied': () => ({
    sentence: 'This browser does not let the page use the clipboard.',
    step: 'save-instead',
  }),
  'bad-resolution': (message) => ({ sentence: sentenceOf(message), step: 'plain-address' }),
  'bad-settings': (message) => ({ sentence: message, step: 'reload-page' }),
  internal: (message) => ({ sentence: `The engine met a fault of its own: ${message}.`, step: 'restart-engine' }),
  'engine-missing': () => ({
    sentence: 'The engine did not load. Check the connection, and use a browser of the last two years.',
    step: 'reload-page',
  }),
  'engine-stopped': () => ({
    sentence: 'The engine stopped while it worked on this photo. Your points are kept.',
    step: 'restart-engine',
  }),
};

/** @param {{ code: FaultCode, message: string, name?: string }} error `name`: the file that it is about @returns {Explained} */
export function explain({ code, message, name }) {
  const explanation = EXPLANATIONS[code] ?? EXPLANATIONS['engine-stopped'];
  return explanation(message, name);
}

/** The libraries' messages are also ends of a line in a terminal. @param {string} message */
function sentenceOf(message) {
  return `${message[0].toUpperCase()}${message.slice(1).replace(/\.$/, '')}.`;
}
