// What a page in Chromium holds: in its process, its scripts' heaps, its WebAssembly and its buffers on a GPU.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { evaluate } from './chromium.mjs';

const REST_MS = 500;
/** A module whose exports hold the memory, as wasm-bindgen writes it. */
const PROGRAMS = { engine: 'maskov-web.js', document: 'maskov-page.js' };

/** Runs before the engine's own first line: the bytes of the buffers that were made on a GPU and not destroyed. */
export const COUNT_BUFFERS = `
  self.bufferBytes = 0;
  const { createBuffer } = GPUDevice.prototype;
  const { destroy } = GPUBuffer.prototype;
  const destroyed = new WeakSet();
  GPUDevice.prototype.createBuffer = function (wanted) {
    self.bufferBytes += wanted.size;
    return createBuffer.call(this, wanted);
  };
  GPUBuffer.prototype.destroy = function () {
    if (!destroyed.has(this)) self.bufferBytes -= this.size;
    destroyed.add(this);
    destroy.call(this);
  };
`;

/**
 * Bytes, and numbers of things. `cache` is what the browser gave back when it was asked to: decoded pictures, for the most part.
 * @typedef {{
 *   renderer: number, cache: number, others: number,
 *   heap: number, workerHeap: number, engine: number, document: number, buffers: number,
 *   nodes: number, listeners: number,
 * }} Held
 */

/**
 * What is held once nobody needs anything more: garbage is collected, and the browser has let go of what it keeps only as long
 * as there is room.
 * @param {Awaited<ReturnType<typeof import('./chromium.mjs').launchChromium>>} chromium
 * @returns {Promise<Held>}
 */
export async function held({ browser, tab, worker }) {
  const sessions = [tab, worker()];
  // What one thread lets go of may be what another one waits for.
  for (let i = 0; i < 2; i++) {
    for (const session of sessions) await session('HeapProfiler.collectGarbage');
    await pause(REST_MS);
  }
  const before = await processes(browser);
  await tab('Memory.simulatePressureNotification', { level: 'critical' });
  await pause(2 * REST_MS);
  const after = await processes(browser);
  const [heap, workerHeap] = await Promise.all(sessions.map(heapOf));
  const { nodes, jsEventListeners: listeners } = await tab('Memory.getDOMCounters');
  return {
    renderer: after.renderer, cache: before.renderer - after.renderer, others: after.others, heap, workerHeap,
    engine: await wasmBytes(worker(), PROGRAMS.engine), document: await wasmBytes(tab, PROGRAMS.document),
    buffers: await evaluate(worker(), 'self.bufferBytes'), nodes, listeners,
  };
}

/** Bytes of the page's process, and of all others of the browser together. */
async function processes(browser) {
  const { processInfo } = await browser('SystemInfo.getProcessInfo');
  const bytes = processInfo.map(({ type, id }) => ({ isRenderer: type === 'renderer', bytes: ownBytes(id) }));
  // The largest is the page's; another may stand ready for the next tab.
  const renderer = Math.max(...bytes.filter(({ isRenderer }) => isRenderer).map(({ bytes }) => bytes));
  const others = bytes.filter(({ isRenderer }) => !isRenderer).reduce((sum, { bytes }) => sum + bytes, 0);
  return { renderer, others };
}

/** Memory that is a process's own, without the program's files; its part of what is shared. Linux alone tells. @param {number} id */
function ownBytes(id) {
  const rollup = readFileSync(`/proc/${id}/smaps_rollup`, 'utf8');
  const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)[1]);
  return (kilobytes('Pss_Anon') + kilobytes('Pss_Shmem')) * 1024;
}

/** Bytes of scripts, of the DOM and of arrays outside WebAssembly. */
async function heapOf(session) {
  const { usedSize, embedderHeapUsedSize, backingStorageSize } = await session('Runtime.getHeapUsage');
  return usedSize + embedderHeapUsedSize + backingStorageSize;
}

/** A program that runs already answers its own exports. */
const wasmBytes = (session, name) =>
  evaluate(session, `import(new URL('${name}', location.href)).then((program) => program.default()).then(({ memory }) => memory.buffer.byteLength)`);
