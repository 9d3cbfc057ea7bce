// An hour of work on the built site, as fast as it goes: photos are opened one after the other, each is pointed at and clicked.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { site } from './browser.mjs';
import { launchChromium } from './chromium.mjs';
import { COUNT_BUFFERS, held } from './memory.mjs';
import { placeOf } from './place.mjs';
import { serveSite } from './site_server.mjs';

/** The sample, whose size every photo of the hour has: what is held after one is what is held after each. */
const PHOTO = 'sample/still_life.jpg';
const [WIDTH, HEIGHT] = [1600, 1200];
/** How far from the photo's edge is pointed at, in its pixels. */
const MARGIN = 60;
const VIEWPORT = { width: 1440, height: 900 };
const RESOLUTION = 16;
const PREVIEW_MS = 60_000;

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const number = String;
/**
 * What is held, and how much of each may come on top from the second photo to the last, however many there are. Not from the
 * first, which is opened beside none: what two take together WebAssembly never gives back.
 *
 * Of the page's process 12 MB: its allocators go up and down by half of that, and a photo that stayed would be 6 MB each time,
 * as the engine has it. Of the others 20 MB: the browser takes 14 once, minutes after its start. Of scripts what V8 makes of
 * code that runs often.
 */
export const KINDS = {
  renderer: { what: "the page's process", bound: 12e6, show: megabytes },
  others: { what: "the browser's other processes", bound: 20e6, show: megabytes },
  engine: { what: 'wasm of the engine', bound: 2e6, show: megabytes },
  document: { what: 'wasm of the document', bound: 0.2e6, show: megabytes },
  heap: { what: "the page's heap", bound: 1e6, show: megabytes },
  workerHeap: { what: "the worker's heap", bound: 1e6, show: megabytes },
  nodes: { what: 'DOM nodes', bound: 20, show: number },
  listeners: { what: 'listeners', bound: 5, show: number },
  buffers: { what: 'GPU buffers', bound: 4e6, show: megabytes },
  cache: { what: 'pictures that the browser keeps until it needs the memory', bound: Infinity, show: megabytes },
};
/** More of the other processes where one of them is a GPU in software: its allocator comes to rest after a dozen photos. */
const SOFTWARE_GPU = 30e6;
/** Of so many photos the middle one counts: one alone may be an allocator's high tide. */
const TOGETHER = 3;

/**
 * How much each kind grew, of at least eight photos.
 * @param {import('./memory.mjs').Held[]} samples
 */
export function growths(samples) {
  const known = Object.entries(KINDS).filter(([kind, { bound }]) => samples[0][kind] !== undefined && bound < Infinity);
  return known.map(([kind, { what, bound, show }]) => {
    const values = samples.map((sample) => sample[kind]);
    const [first, last] = [values.slice(1, 1 + TOGETHER), values.slice(-TOGETHER)].map(median);
    const allowed = bound + (kind === 'others' && samples[0].buffers !== undefined ? SOFTWARE_GPU : 0);
    const grown = `${what}: ${show(first)} after the first photos, ${show(last)} after the last of ${samples.length}`;
    return { isTooMuch: last - first > allowed, message: `${grown}; at most ${show(allowed)} may come on top` };
  });
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/**
 * @typedef {{ photos: number, previews: number, clicks: number, device: 'cpu' | 'gpu' }} Script numbers in all
 * @param {Script} script
 * @param {(photo: number, held: import('./memory.mjs').Held) => void} [onPhoto] told what is held after each photo
 * @returns {Promise<import('./memory.mjs').Held[]>} what is held after each photo
 */
export async function scriptedHour({ photos, previews, clicks, device }, onPhoto = () => {}) {
  const folder = mkdtempSync(join(tmpdir(), 'maskov-hour-'));
  const counted = (name, read) => (name === 'worker.js' && device === 'gpu' ? Buffer.concat([Buffer.from(`{${COUNT_BUFFERS}}\n`), read()]) : undefined);
  const server = await serveSite(site(), '/', counted);
  const chromium = await launchChromium(VIEWPORT);
  const { page, tab } = chromium;
  try {
    await page.goto(`${server.url}?device=${device}&resolution=${RESOLUTION}&sample=still_life`);
    await page.waitForSelector('body[data-state=ready]');
    const places = placesToPointAt();
    const samples = [];
    for (let i = 0; i < photos; i++) {
      const path = join(folder, `photo-${i + 1}.jpg`);
      copyFileSync(join(site(), PHOTO), path);
      await choose(tab, path);
      await page.waitForFunction('(name) => document.querySelector("#file").textContent.startsWith(name)', `photo-${i + 1}.jpg`);
      await page.waitForSelector('body:is([data-state=ready], [data-state=preview])');
      await pointAndClick(page, places, share(previews, photos, i), share(clicks, photos, i));
      await page.mouse.move(2, 2);
      samples.push(await held(chromium));
      onPhoto(i + 1, samples[i]);
    }
    await undoToPhoto(page, photos - 1, share(clicks, photos, photos - 1), share(clicks, photos, photos - 2));
    return samples;
  } finally {
    await chromium.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

/** The part of so many that falls on one of `count`. */
const share = (all, count, index) => Math.floor((all * (index + 1)) / count) - Math.floor((all * index) / count);

/** Pixels all over the photo, evenly and the same ones each time (the Halton sequence to the bases 2 and 3). */
function* placesToPointAt() {
  for (let i = 1; ; i++) {
    yield [MARGIN + radicalInverse(i, 2) * (WIDTH - 2 * MARGIN), MARGIN + radicalInverse(i, 3) * (HEIGHT - 2 * MARGIN)].map(Math.floor);
  }
}

function radicalInverse(index, base) {
  let [inverse, digit] = [0, 1 / base];
  for (let rest = index; rest > 0; rest = Math.floor(rest / base), digit /= base) inverse += (rest % base) * digit;
  return inverse;
}

/** Chooses a file as a person does: the page gets a handle of it, not its bytes. */
async function choose(tab, path) {
  const { root } = await tab('DOM.getDocument');
  const { nodeId } = await tab('DOM.querySelector', { nodeId: root.nodeId, selector: '#chooser' });
  await tab('DOM.setFileInputFiles', { nodeId, files: [path] });
  // Else the protocol keeps track of every node from here on.
  await tab('DOM.disable');
}

/** Clicks so often, and points at other places before each click. */
async function pointAndClick(page, places, previews, clicks) {
  for (let click = 0; click < clicks; click++) {
    let [left, place] = [share(previews, clicks, click), null];
    while (left > 0 || !place) {
      const next = places.next().value;
      if (!(await preview(page, next))) continue;
      place = next;
      left -= 1;
    }
    const { x, y } = await placeOf(page, place);
    await page.mouse.click(x, y, { button: click % 2 ? 'right' : 'left' });
    await page.waitForSelector(`#overlay[data-points="${click + 1}"]`, { state: 'attached' });
  }
}

/** Points at a pixel. @returns whether a preview came: there is none on a ring or a point */
async function preview(page, pixel) {
  const former = await page.getAttribute('#overlay', 'data-preview');
  const { x, y } = await placeOf(page, pixel);
  await page.mouse.move(x, y);
  // Looked at within the page: asking it again and again takes longer than a preview.
  return page.evaluate(`([former, wait]) => new Promise((resolve, reject) => {
    const end = performance.now() + wait;
    const look = () => {
      const serial = document.querySelector('#overlay').dataset.preview;
      if (serial && serial !== former) resolve(true);
      else if (document.querySelector('#ring.hot, .point:hover')) resolve(false);
      else if (performance.now() > end) reject(new Error('no preview came within ' + wait + ' ms of pointing at the photo'));
      else setTimeout(look, 10);
    };
    look();
  })`, [former, PREVIEW_MS]);
}

/** Nothing is lost: the photo before and its points come back. */
async function undoToPhoto(page, photo, clicks, points) {
  for (let i = 0; i <= clicks; i++) await page.keyboard.press('Control+z');
  await page.waitForFunction('(name) => document.querySelector("#file").textContent.startsWith(name)', `photo-${photo}.jpg`);
  await page.waitForSelector(`#overlay[data-points="${points}"]`, { state: 'attached' });
}
