// The photos that the page brings along. The first is what it opens on; the address may ask for another: ?sample=still_life.
import { asked } from './app.js';
import { openAtOnce, openFiles } from './edits.js';
import { say } from './faults.js';

/** @typedef {{ name: string, file: string, words: string }} Sample `words` follow "Try the other sample:" */

/** @type {Sample[]} */
const SAMPLES = [
  { name: 'duck', file: 'duck.jpg', words: 'a duck, the easy one' },
  { name: 'still_life', file: 'still_life.jpg', words: 'a still life, the hard one' },
];

/** The one that was opened last. */
let opened = SAMPLES[0];

export async function openFirstSample() {
  const wanted = SAMPLES.find(({ name }) => name === asked.sample);
  if (asked.sample && !wanted) say(`There is no sample “${asked.sample}”. There are ${SAMPLES.map(({ name }) => name).join(' and ')}.`);
  for (const sample of new Set([wanted ?? SAMPLES[0], ...SAMPLES])) {
    const file = await fetched(sample);
    if (!file) continue;
    opened = sample;
    nameNextSample();
    await openAtOnce(file, sample.file);
    return;
  }
  // Without any there is the empty page, which asks for a photo.
}

/** The sample after the one that was opened last. */
const next = () => SAMPLES[(SAMPLES.indexOf(opened) + 1) % SAMPLES.length];

export async function openNextSample() {
  const sample = next();
  const file = await fetched(sample);
  if (!file) {
    say('The other sample did not come. Check the connection, and try again.');
    return;
  }
  opened = sample;
  nameNextSample();
  openFiles([new File([file], sample.file, { type: file.type })]);
}

/** Says on the buttons which sample they open. */
export function nameNextSample() {
  for (const button of document.querySelectorAll('[data-do="sample"]')) button.textContent = `Try the other sample: ${next().words}`;
}

/** @param {Sample} sample @returns {Promise<Blob | null>} */
async function fetched({ file }) {
  const response = await fetch(`./sample/${file}`).catch(() => null);
  return response?.ok ? response.blob() : null;
}
