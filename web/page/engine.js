// The engine, which lives in a worker. This is the page's one reader and writer of the worker's messages (web/worker.js).

// Whatever the engine itself takes and gives has the engine's own types.
/** @import { Engine as Model, ErrorCode, LoadOptions, MarkovMap, Mask, Photo, Point, Progress, SizeStop } from '../maskov-web.js' */

/**
 * @typedef {'mask' | 'cutout'} What is exported
 * @typedef {(
 *   | { kind: 'model', url: string } & Pick<LoadOptions, 'device' | 'resolution' | 'fresh' | 'verdict'>
 *   | { kind: 'photo', photo: number, file: Blob }
 *   | { kind: 'points', photo: number, revision: number, points: readonly Point[] }
 *   | { kind: 'preview', photo: number, serial: number, points: readonly Point[] }
 *   | { kind: 'kept', photo: number, revision: number, points: readonly Point[] }
 *   | { kind: 'sizes', photo: number, points: readonly Point[], index: number, key: string }
 *   | { kind: 'prepare', photo: number }
 *   | { kind: 'export', serial: number, what: What }
 *   | { kind: 'markov-map', serial: number, point: Point }
 * )} Request
 *
 * @typedef {Exclude<Progress['stage'], 'recovering' | 'shrinking'> | 'starting' | 'decoding' | 'exporting'} Stage
 * @typedef {Omit<Progress, 'stage'> & { stage: Stage }} Work
 * @typedef {Pick<Model, 'device' | 'resolution' | 'ownResolution' | 'isStored'> & { storageFull: boolean }} Told of an engine
 * @typedef {Pick<Mask, 'milliseconds' | 'area' | 'sizes'> & { path: string }} Outlined
 * @typedef {Uint8Array<ArrayBuffer>} Png a file, in memory that nobody shares: it moves with its message
 * @typedef {ErrorCode | 'engine-missing' | 'engine-stopped'} Code
 *
 * @typedef {(
 *   | { kind: 'work' } & Work
 *   | { kind: 'device' } & Told
 *   | { kind: 'photo', photo: number, png: Png } & Pick<Photo, 'width' | 'height' | 'notes'>
 *   | { kind: 'encoded', photo: number, milliseconds: number, resolution: number }
 *   | { kind: 'mask', photo: number, revision: number } & Outlined
 *   | { kind: 'preview', photo: number, serial: number } & Outlined
 *   | { kind: 'kept', photo: number, revision: number, path: string }
 *   | { kind: 'sizes', photo: number, key: string, stops: SizeStop[] }
 *   | { kind: 'exported', serial: number, what: What, png: Png }
 *   | { kind: 'markov-map', serial: number } & MarkovMap
 *   | { kind: 'recovering' }
 *   | { kind: 'shrinking' }
 *   | { kind: 'error', code: Code, message: string, photo?: number, serial?: number }
 * )} Event
 */

/**
 * One of these by its kind.
 * @template {Request['kind']} K
 * @typedef {Extract<Request, { kind: K }>} RequestOf
 */
/**
 * @template {Event['kind']} K
 * @typedef {Extract<Event, { kind: K }>} EventOf
 */

export class Engine {
  /** @type {Worker | undefined} */
  #worker;
  /** @type {(event: Event) => void} */
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
    this.#worker?.postMessage(request);
  }
}
