// `cargo xtask measure`: what the page weighs and how long one waits, on this machine's CPU. What it holds: hour.mjs.
// Prints Markdown tables; fails when the engine is heavier than it may be.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { launch, site } from './browser.mjs';
import { placeOf } from './place.mjs';
import { serveSite } from './site_server.mjs';

const QUERY = '?device=cpu&sample=still_life';
const LOADS = 3;
const PEAR = [784, 822];
const APPLE = [515, 873];
/** Pixels of the sample to point at, on things and beside them. */
const POINTED = [[784, 822], [515, 873], [1000, 500], [300, 400], [1400, 780], [900, 420], [640, 640], [1200, 900], [200, 1000]];
/** How far from the point a pull goes, in CSS pixels. */
const PULLED = [40, 60, 80, 100, 120, 140, 110, 70];
const ENGINE = 'maskov-web_bg.wasm';
const MAX_ENGINE_BYTES = 1.5e6;
const PARTS = ['page', 'engine wasm', 'document wasm', 'model', 'sample'];

function partOf(name) {
  if (name === ENGINE) return 'engine wasm';
  if (name === 'maskov-page_bg.wasm') return 'document wasm';
  if (name.startsWith('models/')) return 'model';
  return name.startsWith('sample/') ? 'sample' : 'page';
}

const note = (text) => console.error(text);
const loads = [];
for (let i = 1; i <= LOADS; i++) {
  note(`load ${i} of ${LOADS}`);
  loads.push(await measured(load));
}
note('compressing');
const weights = await weigh(loads[0].names);

console.log(`\n${loads[0].browser}, ${cpus().length} × ${cpus()[0].model}, \`${QUERY}\`, medians of ${LOADS} loads\n`);
printWeights(weights);
printTimes(loads);
const engine = weights.get('engine wasm').brotli;
if (engine > MAX_ENGINE_BYTES) {
  console.error(`\nThe engine has ${kilobytes(engine)} as Brotli, more than ${kilobytes(MAX_ENGINE_BYTES)}.`);
  process.exitCode = 1;
}

/** Runs `use` on the page in a new browser, which has kept nothing. */
async function measured(use) {
  const names = new Set();
  // The host sees every request, those of workers too.
  const server = await serveSite(site(), '/', (name) => void names.add(name));
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(120_000);
    await page.addInitScript(watch);
    return await use({ page, browser, names, url: server.url + QUERY });
  } finally {
    await browser.close();
    await server.close();
  }
}

/** In the page, before its own code: notes when the engine tells something and when it is seen. */
function watch() {
  const log = (globalThis.observed = { told: {}, shown: [], moved: 0, pressed: 0 });
  globalThis.Worker = class extends Worker {
    constructor(...wanted) {
      super(...wanted);
      this.addEventListener('message', ({ data }) => (log.told[data.kind] ??= performance.now()));
    }
  };
  addEventListener('pointermove', ({ timeStamp }) => (log.moved = timeStamp), true);
  addEventListener('pointerup', ({ timeStamp }) => (log.pressed = timeStamp), true);
  const attributes = ['data-points', 'data-preview'];
  new MutationObserver((records) => {
    for (const { target, attributeName } of records) {
      log.shown.push({ what: attributeName, value: target.getAttribute(attributeName), at: performance.now() });
    }
  }).observe(document, { subtree: true, attributeFilter: attributes });
}

/** One visit: when what was there, and how busy the main thread was. */
async function load({ page, browser, names, url }) {
  await startTrace(browser, page);
  await page.goto(url);
  await page.waitForSelector('#photo[data-size]');
  await click(page, PEAR);
  const firstMask = await untilMask(page, 1);
  const loading = mainThreadTasks(await browser.stopTracing());
  const requested = [...names];
  const told = await page.evaluate(() => observed.told);
  const firstPaint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime);
  await click(page, APPLE);
  const furtherMask = (await untilMask(page, 2)) - (await page.evaluate(() => observed.pressed));
  await page.keyboard.press('Escape');
  await untilMask(page, 0);
  const preview = await previewLatency(page);
  const pull = await pullLatency(page);
  await startTrace(browser, page);
  await movePointer(page);
  const moving = mainThreadTasks(await browser.stopTracing());
  return {
    browser: `Chromium ${browser.version()}`, names: requested, firstPaint, engineReady: told.device, photoRead: told.encoded,
    firstMask, furtherMask, preview, pull, loading, moving,
  };
}

/** Median time from a move of the pointer to its preview, in ms. */
async function previewLatency(page) {
  const latencies = [];
  for (const pixel of POINTED) latencies.push(await untilPreview(page, await placeOf(page, pixel)));
  return median(latencies);
}

/** Median time from a step of a pull to what it would take, in ms. */
async function pullLatency(page) {
  const { x, y } = await placeOf(page, PEAR);
  await untilPreview(page, { x, y });
  await page.mouse.down();
  const latencies = [];
  for (const away of PULLED) latencies.push(await untilPreview(page, { x: x + away, y }));
  await page.keyboard.press('Escape');
  await page.mouse.up();
  return median(latencies);
}

async function untilPreview(page, { x, y }) {
  const seen = await page.evaluate(() => observed.shown.length);
  await page.mouse.move(x, y);
  const shown = await page.waitForFunction(
    (seen) => observed.shown.slice(seen).find(({ what, value }) => what === 'data-preview' && value)?.at,
    seen,
  );
  return (await shown.jsonValue()) - (await page.evaluate(() => observed.moved));
}

/** Moves the pointer over the photo for three seconds, resting after each for a preview to come. */
async function movePointer(page) {
  const corners = [await placeOf(page, [200, 200]), await placeOf(page, [1400, 1000])];
  for (let second = 0; second < 3; second++) {
    const end = performance.now() + 1000;
    while (performance.now() < end) {
      const turn = ((end - performance.now()) / 1000) * 2 * Math.PI;
      const along = (axis, share) => corners[0][axis] + (corners[1][axis] - corners[0][axis]) * (share / 2 + 0.5);
      await page.mouse.move(along('x', Math.cos(turn)), along('y', Math.sin(turn * (second + 1))));
      await page.waitForTimeout(16);
    }
    await page.waitForTimeout(600);
  }
}

function startTrace(browser, page) {
  return browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] });
}

/** The longest task of the page's main thread, by the clock and by the processor's time, in ms. */
function mainThreadTasks(trace) {
  const { traceEvents } = JSON.parse(trace);
  const mains = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const tasksOf = (main) => traceEvents.filter(({ name, pid, tid }) => /RunTask$/.test(name) && pid === main.pid && tid === main.tid);
  // A renderer that stands ready for the next tab does next to nothing.
  const tasks = mains.map(tasksOf).reduce((most, tasks) => (tasks.length > most.length ? tasks : most), []);
  if (!tasks.length || tasks.every(({ tdur }) => tdur === undefined)) throw new Error('the trace has no tasks of the main thread');
  const longest = (key) => tasks.reduce((most, task) => Math.max(most, task[key] ?? 0), 0) / 1000;
  return { wall: longest('dur'), cpu: longest('tdur') };
}

async function click(page, pixel) {
  const { x, y } = await placeOf(page, pixel);
  await page.mouse.click(x, y);
}

/** When the mask of this many points was shown, in ms since the page was opened. */
async function untilMask(page, points) {
  const wanted = String(points);
  await page.waitForSelector(`#overlay[data-points="${wanted}"]`, { state: 'attached' });
  return page.evaluate(
    (wanted) => observed.shown.findLast(({ what, value }) => what === 'data-points' && value === wanted).at,
    wanted,
  );
}

/** Bytes of every part as they are, as gzip and as Brotli. */
async function weigh(names) {
  const sums = new Map(PARTS.map((part) => [part, { files: 0, bytes: 0, gzip: 0, brotli: 0 }]));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  for (const name of names) {
    const bytes = readFileSync(join(site(), name));
    const sum = sums.get(partOf(name));
    sum.files += 1;
    sum.bytes += bytes.length;
    sum.gzip += (await promisify(gzip)(bytes, { level: 9 })).length;
    sum.brotli += (await promisify(brotliCompress)(bytes, { params })).length;
  }
  return sums;
}

function printWeights(weights) {
  console.log('| requested until the first mask | files | as is | gzip | Brotli |\n|---|--:|--:|--:|--:|');
  const row = (part, { files, bytes, gzip, brotli }) =>
    console.log(`| ${part} | ${files} | ${kilobytes(bytes)} | ${kilobytes(gzip)} | ${kilobytes(brotli)} |`);
  weights.forEach((sum, part) => row(part, sum));
  const keys = ['files', 'bytes', 'gzip', 'brotli'];
  row('**in all**', Object.fromEntries(keys.map((key) => [key, [...weights.values()].reduce((sum, part) => sum + part[key], 0)])));
}

function printTimes(loads) {
  const of = (pick) => `${Math.round(median(loads.map(pick)))} ms`;
  const task = (pick) => `${median(loads.map((load) => pick(load).cpu)).toFixed(1)} ms (${median(loads.map((load) => pick(load).wall)).toFixed(1)} ms by the clock)`;
  const rows = {
    'first contentful paint': of((load) => load.firstPaint),
    'engine ready, model loaded': of((load) => load.engineReady),
    'photo read': of((load) => load.photoRead),
    'first mask, clicked as soon as the photo is seen': of((load) => load.firstMask),
    'a further mask, from the click': of((load) => load.furtherMask),
    'preview, from the move': of((load) => load.preview),
    'a step of a pull, from the move': of((load) => load.pull),
    'longest main-thread task until the first mask, CPU time': task((load) => load.loading),
    'longest main-thread task while the pointer moves, CPU time': task((load) => load.moving),
  };
  console.log('\n| what | how much |\n|---|--:|');
  for (const [what, value] of Object.entries(rows)) console.log(`| ${what} | ${value} |`);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
