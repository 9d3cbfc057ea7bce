// The engine, which lives in a worker. This is the page's one reader and writer of the worker's messages (web/worker.js).

/**
 * @typedef {import('./store.js').Point} Point
 * @typedef {import('./size.js').SizeStop} SizeStop
 * @typedef {{ kind: 'gpu' | 'cpu', name: string, software: boolean, reason?: string, reasonCode?: string, softwareIsFaster?: boolean }} Device
 *
 * @typedef {(
 *   | { kind: 'model', url: string, device: 'auto' | 'gpu' | 'cpu', resolution?: number, fresh: boolean, softwareIsFaster?: boolean }
 *   | { kind: 'photo', photo: number, file: Blob }
 *   | { kind: 'points', photo: number, revision: number, points: Point[] }
 *   | { kind: 'preview', photo: number, serial: number, points: Point[] }
 *   | { kind: 'kept', photo: number, revision: number, points: Point[] }
 *   | { kind: 'sizes', photo: number, points: Point[], index: number, key: string }
 *   | { kind: 'export', serial: number, what: 'mask' | 'cutout' }
 *   | { kind: 'markov-map', serial: number, point: Point }
 * )} Request
 *
 * @typedef {(
 *   | { kind: 'work', stage: 'loading' | 'encoding' | 'segmenting' | 'exporting', done: number, total: number, stored?: boolean }
 *   | { kind: 'device', device: Device, resolution: number, ownResolution: number, isStored: boolean, storageFull: boolean }
 *   | { kind: 'photo', photo: number, width: number, height: number, notes: string[], png: Uint8Array }
 *   | { kind: 'encoded', photo: number, milliseconds: number, resolution: number }
 *   | { kind: 'mask', photo: number, revision: number, milliseconds: number, area: number, path: string, sizes: Float32Array }
 *   | { kind: 'preview', photo: number, serial: number, milliseconds: number, area: number, path: string, sizes: Float32Array }
 *   | { kind: 'kept', photo: number, revision: number, path: string }
 *   | { kind: 'sizes', photo: number, key: string, stops: SizeStop[] }
 *   | { kind: 'exported', serial: number, what: 'mask' | 'cutout', png: Uint8Array }
 *   | { kind: 'markov-map', serial: number, width: number, height: number, steps: Float32Array, resolution: number }
 *   | { kind: 'recovering' }
 *   | { kind: 'shrinking' }
 *   | { kind: 'error', code: string, message: string, photo?: number, serial?: number }
 * )} Event
 */

export class Engine {
  /** @type {Worker} */
  #worker;
  #onEvent;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.restart();
  }

  /** A new worker, which knows nothing yet. */
  restart() {
    this.#worker?.terminate();
    const worker = new Worker(new URL('../worker.js', import.meta.url), { type: 'module', name: 'engine' });
    worker.onmessage = ({ data }) => worker === this.#worker && this.#onEvent(data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.#worker) this.#onEvent({ kind: 'error', code: 'engine-missing', message: event.message ?? '' });
    };
    this.#worker = worker;
  }

  /** @param {Request} request */
  send(request) {
    this.#worker.postMessage(request);
  }
}
