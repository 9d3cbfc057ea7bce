// The worker's desk: wishes come in, one loop brings everything up to them, events go out. Work for a wish that a newer one
// replaced ends.
import { JOBS, decode } from './jobs.js';
import { Wishes } from './wishes.js';

/** @typedef {import('../page/engine.js').Request} Request */
/** @typedef {import('../page/engine.js').Event} Event */

/** Wishes that are given up when anything goes wrong: the page asks again for what it still wants. */
const PASSING = JOBS.filter(({ isOnce }) => isOnce).map(({ key }) => key);
const EXPORTS = PASSING.filter((key) => key.startsWith('export '));

export class Desk {
  /** @type {import('../maskov-web.js').Engine | null} */
  engine = null;
  /** The photo that is open. @type {{ id: number, picture: import('../maskov-web.js').Photo } | null} */
  photo = null;
  /** The mask of the newest points. @type {import('../maskov-web.js').Mask | null} */
  mask = null;
  #wishes = new Wishes();
  /** @type {(event: Event) => void} */
  #tell;
  /** Until the engine's program is there, requests wait. @type {Request[] | null} */
  #waiting = [];
  #isBusy = false;
  /** What the page was told last about the engine. */
  #toldEngine = '';
  /** When everything had to be done again, as long as that is not over. @type {number | null} */
  #lostAt = null;

  /** @param {(event: Event) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** The engine's program is there. */
  open() {
    const waiting = this.#waiting;
    this.#waiting = null;
    for (const request of waiting) this.take(request);
  }

  /** @param {Request} request */
  take(request) {
    if (this.#waiting) {
      this.#waiting.push(request);
      return;
    }
    this.#note(request);
    this.#work();
  }

  #note(request) {
    const wishes = this.#wishes;
    switch (request.kind) {
      case 'model':
        wishes.put('model', request);
        wishes.again('encode', 'points');
        wishes.drop('preview', 'kept', 'sizes', 'markov-map');
        break;
      case 'photo':
        // What is asked for from now on is about this photo.
        wishes.drop('kept', 'sizes', 'markov-map', ...EXPORTS);
        this.#decode(wishes.put('photo', request));
        this.#tryAgain();
        break;
      case 'points':
        wishes.put('points', request);
        wishes.drop('preview', 'kept', 'sizes', ...EXPORTS);
        this.#tryAgain();
        break;
      case 'export':
        wishes.put(`export ${request.what}`, request);
        break;
      default:
        wishes.put(request.kind, request);
    }
  }

  /** After an error nothing is tried again before the page asks for something that needs it. */
  #tryAgain() {
    for (const key of ['model', 'encode']) if (this.#wishes.is(key, 'failed')) this.#wishes.again(key);
  }

  async #decode(wish) {
    await this.#attempt(wish, () => decode(this, wish));
    this.#work();
  }

  async #work() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let job = this.#next(); job; job = this.#next()) {
      const wish = this.#wishes.get(job.key);
      await this.#attempt(wish, () => job.run(this, wish));
      if (job.isOnce && this.#wishes.get(job.key) === wish) this.#wishes.drop(job.key);
      this.tellEngine();
    }
    this.#isBusy = false;
  }

  #next() {
    return JOBS.find(({ key, isReady }) => this.#wishes.is(key, 'open') && isReady(this, this.#wishes.get(key).request));
  }

  /** Does what a wish wants. What the engine has a name for is told; anything else is a fault and stops the worker. */
  async #attempt(wish, run) {
    try {
      await run();
      wish.state = 'done';
    } catch (error) {
      if (wish.signal.aborted && error === wish.signal.reason) return;
      if (error?.name !== 'MaskovError') throw error;
      wish.state = 'failed';
      this.#wishes.drop(...PASSING);
      const { code, message } = error;
      this.#tell({ kind: 'error', code, message, photo: wish.request.photo, serial: wish.request.serial });
    }
  }

  /** @param {Event} event */
  tell(event) {
    this.#tell(event);
  }

  /** Options of a call for a wish. @param {import('./wishes.js').Wish} wish */
  optionsFor(wish) {
    return { signal: wish.signal, onProgress: (progress) => this.#tellProgress(progress, wish) };
  }

  /**
   * Calls the engine for a wish. Where everything had to be done again meanwhile, that is over now.
   * @template T
   * @param {import('./wishes.js').Wish} wish
   * @param {(engine: import('../maskov-web.js').Engine, options: import('../maskov-web.js').CallOptions) => Promise<T>} call
   */
  async call(wish, call) {
    const answer = await call(this.engine, this.optionsFor(wish));
    this.tellEngine();
    if (this.#lostAt !== null && this.isEncoded(this.photo.id)) this.tellEncoded(performance.now() - this.#lostAt);
    return answer;
  }

  #tellProgress({ stage, ...steps }, wish) {
    if (stage === 'recovering' || stage === 'shrinking') {
      this.#lostAt = performance.now();
      this.#tell({ kind: stage });
    } else if (stage !== 'segmenting' || !['preview', 'kept', 'sizes'].includes(wish.request.kind)) {
      // A preview is no work that anybody waits for, nor is what it is compared with, nor are the stops of a size.
      this.#tell({ kind: 'work', stage, ...steps });
    }
  }

  /** Tells where the engine computes, when that is new. */
  tellEngine() {
    if (!this.engine) return;
    const { device, resolution, ownResolution, isStored, isStoreFull: storageFull } = this.engine;
    const event = { kind: 'device', device, resolution, ownResolution, isStored, storageFull };
    const told = JSON.stringify(event);
    if (told !== this.#toldEngine) this.#tell(event);
    this.#toldEngine = told;
  }

  /** The engine has read the photo that is open. */
  tellEncoded(milliseconds) {
    this.#lostAt = null;
    this.#tell({ kind: 'encoded', photo: this.photo.id, milliseconds, resolution: this.engine.resolution });
  }

  /** A photo takes the place of the one before, and everything about that one ends. */
  openPhoto(id, picture) {
    this.photo?.picture.free();
    this.photo = { id, picture };
    this.forgetMask();
    this.#wishes.put('encode', { photo: id });
    for (const key of ['points', 'preview', 'kept', 'sizes']) {
      if (this.#wishes.get(key)?.request.photo !== id) this.#wishes.drop(key);
      else if (key === 'points') this.#wishes.again(key);
    }
  }

  /** Whether the engine has read that photo. */
  isEncoded(photo) {
    return this.photo?.id === photo && this.#wishes.is('encode', 'done');
  }

  /** Whether the mask is that of the newest points. */
  hasMask() {
    return this.mask !== null && this.#wishes.is('points', 'done');
  }

  forgetMask() {
    this.mask?.free();
    this.mask = null;
  }

  closeEngine() {
    this.forgetMask();
    this.engine?.free();
    this.engine = null;
    this.#toldEngine = '';
    this.#lostAt = null;
  }
}
