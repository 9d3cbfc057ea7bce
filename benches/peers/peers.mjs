// `cargo xtask peers`: the embedded model's network in Maskov and, exported as ONNX, in onnxruntime-web, in one Chromium.
// Prints a Markdown table; fails when the maps differ.
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from '../../tests/e2e/browser.mjs';
import { serveSite } from '../../tests/e2e/site_server.mjs';

const RUNS = 5;
/** Of the rows' total variation, in the mean: rounding of f32 is a hundredth of it. */
const MAX_VARIATION = 1e-4;
/** What Maskov's time may be of theirs: in each cell, and of all cells together. */
const BARS = { each: 1, all: 0.7 };
const BACKENDS = { wasm: 'wasm, one thread', webgpu: 'WebGPU, software adapter' };
const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');
/** Where the exporter wrote to, as the workers find it. */
const FILES = '../../target/peers/';
/** Of these the ones that are measured: `node peers.mjs wasm 32`. */
const given = process.argv.slice(2);
const resolutions = given.map(Number).filter(Boolean);
const backends = Object.keys(BACKENDS).filter((backend) => given.includes(backend));

const note = (text) => console.error(text);
const server = await serveSite(ROOT, '/');
const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(`${server.url}benches/peers/index.html`);
  const cells = [];
  for (const backend of backends) {
    for (const resolution of resolutions) cells.push(await measure(page, backend, resolution));
  }
  print(cells, `Chromium ${browser.version()}`);
} finally {
  await browser.close();
  await server.close();
}

/** Both engines in turn, so that what else the machine does falls on both. */
async function measure(page, backend, resolution) {
  const call = (...wanted) => page.evaluate((wanted) => globalThis.call(...wanted), wanted);
  const engines = ['maskov', 'onnxruntime'];
  const names = {};
  for (const engine of engines) {
    await page.evaluate((engine) => globalThis.start(engine), engine);
    names[engine] = await call(engine, 'load', { backend, resolution, files: FILES });
  }
  // Both runs warm up, too.
  await call('maskov', 'run');
  const variation = await call('onnxruntime', 'variation');
  note(`${backend}, R = ${resolution}: ${Object.values(names).join(' and ')}, maps differ by ${variation.toExponential(1)}`);
  // Written so that NaN fails, too.
  if (!(variation <= MAX_VARIATION)) {
    throw new Error(`onnxruntime-web's map differs by ${variation}, more than ${MAX_VARIATION}: mend benches/peers/export.rs`);
  }
  const times = { maskov: [], onnxruntime: [] };
  for (let run = 0; run < RUNS; run++) {
    for (const engine of engines) times[engine].push(await call(engine, 'run'));
    // At R = 48 on a software adapter it takes minutes.
    note(`  run ${run + 1} of ${RUNS}: ${engines.map((engine) => `${times[engine].at(-1).toFixed(0)} ms`).join(' and ')}`);
  }
  for (const engine of engines) await page.evaluate((engine) => globalThis.stop(engine), engine);
  return { backend, resolution, variation, names, ...times };
}

function print(cells, browser) {
  const ratio = ({ maskov, onnxruntime }, of) => of(maskov) / of(onnxruntime);
  const all = (of) => Math.exp(cells.reduce((sum, cell) => sum + Math.log(ratio(cell, of)), 0) / cells.length);
  const judged = (ratio, bar) => `${ratio.toFixed(2)}${ratio <= bar ? '' : ` (bar: ${bar.toFixed(1)})`}`;
  console.log(`\n${browser}, ${cpus().length} × ${cpus()[0].model}, ${cells[0].names.onnxruntime}, medians of ${RUNS} runs in turn (least)\n`);
  console.log('| backend | R | Maskov, ms | onnxruntime-web, ms | ratio | of the least | maps differ by |\n|---|--:|--:|--:|--:|--:|--:|');
  const times = (values) => `${median(values).toFixed(0)} (${least(values).toFixed(0)})`;
  for (const cell of cells) {
    const { backend, resolution, variation, maskov, onnxruntime } = cell;
    const ratios = `${judged(ratio(cell, median), BARS.each)} | ${ratio(cell, least).toFixed(2)}`;
    console.log(`| ${BACKENDS[backend]} | ${resolution} | ${times(maskov)} | ${times(onnxruntime)} | ${ratios} | ${variation.toExponential(1)} |`);
  }
  console.log(`| **all**, geometric mean | | | | **${judged(all(median), BARS.all)}** | ${all(least).toFixed(2)} | |`);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** What other work on the machine disturbs the least. */
function least(values) {
  return Math.min(...values);
}
