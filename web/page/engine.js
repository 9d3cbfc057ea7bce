// The engine, which lives in a worker. Requests and events are those of crates/web/src/message.rs; this is the page's
// one reader and writer of them.

/**
 * @typedef {{ kind: 'gpu' | 'cpu', name: string, reason?: string }} Device
 * @typedef {{ x: number, y: number, foreground: boolean }} Point
 *
 * @typedef {(
 *   | { kind: 'model', url: string, device: 'auto' | 'gpu' | 'cpu', resolution?: number, fresh: boolean }
 *   | { kind: 'photo', photo: number, bytes: Uint8Array, shown?: [number, number] }
 *   | { kind: 'points', photo: number, revision: number, points: Point[] }
 *   | { kind: 'save', what: 'mask' | 'cutout' }
 * )} Request
 *
 * @typedef {(
 *   | { kind: 'work', stage: 'loading' | 'encoding' | 'segmenting' | 'saving', done: number, total: number }
 *   | { kind: 'device', device: Device }
 *   | { kind: 'photo', photo: number, width: number, height: number, notes: string[], rgba?: Uint8Array }
 *   | { kind: 'encoded', photo: number, milliseconds: number, resolution: number }
 *   | { kind: 'mask', photo: number, revision: number, milliseconds: number, vertices: Float32Array, rings: Uint32Array }
 *   | { kind: 'saved', what: 'mask' | 'cutout', png: Uint8Array, milliseconds: number }
 *   | { kind: 'recovering' }
 *   | { kind: 'error', code: string, message: string, photo?: number }
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

  /**
   * @param {Request} request
   * @param {Transferable[]} [transfer]
   */
  send(request, transfer = []) {
    this.#worker.postMessage(request, transfer);
  }
}
