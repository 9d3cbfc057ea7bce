// The worker's scheduler: requests come in as tasks, one loop runs those that are ready, events go out. A task that a newer
// one replaced ends.
import { JOBS, decode } from './jobs.js';
import { Tasks } from './tasks.js';

/** @import { CallOptions, Engine, Mask, Photo, Progress } from '../maskov-web.js' */
/** @import { Event, Request, RequestOf } from '../page/engine.js' */
/** @import { Task } from './tasks.js' */

/** Tasks that are given up when anything goes wrong: the page asks again for what it still wants. */
const PASSING = JOBS.filter(({ isOnce }) => isOnce).map(({ key }) => key);
const EXPORTS = PASSING.filter((key) => key.startsWith('export '));

export class Scheduler {
  /** @type {Engine | null} */
  engine = null;
  /** The photo that is open. @type {{ id: number, picture: Photo } | null} */
  photo = null;
  /** The mask of the newest points. @type {Mask | null} */
  mask = null;
  #tasks = new Tasks();
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
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const request of waiting) this.take(request);
  }

  /** @param {Request} request */
  take(request) {
    if (this.#waiting) {
      this.#waiting.push(request);
      return;
    }
    // Whatever it is comes before what nobody waits for, which goes on afterwards.
    this.#tasks.again('prepare');
    this.#note(request);
    this.#work();
  }

  /** @param {Request} request */
  #note(request) {
    const tasks = this.#tasks;
    switch (request.kind) {
      case 'model':
        tasks.put('model', request);
        tasks.again('encode', 'points');
        tasks.drop('preview', 'kept', 'sizes', 'markov-map', 'prepare');
        break;
      case 'photo':
        // What is asked for from now on is about this photo.
        tasks.drop('kept', 'sizes', 'markov-map', ...EXPORTS);
        this.#decode(tasks.put('photo', request));
        this.#tryAgain();
        break;
      case 'points':
        tasks.put('points', request);
        tasks.drop('preview', 'kept', 'sizes', ...EXPORTS);
        this.#tryAgain();
        break;
      case 'export':
        tasks.put(`export ${request.what}`, request);
        break;
      default:
        tasks.put(request.kind, request);
    }
  }

  /** After an error nothing is tried again before the page asks for something that needs it. */
  #tryAgain() {
    for (const key of ['model', 'encode']) if (this.#tasks.is(key, 'failed')) this.#tasks.again(key);
  }

  /** @param {Task<RequestOf<'photo'>>} task */
  async #decode(task) {
    await this.#attempt(task, () => decode(this, task));
    this.#work();
  }

  async #work() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#next(); next; next = this.#next()) {
      const { job, task } = next;
      await this.#attempt(task, () => job.run(this, task));
      if (job.isOnce && this.#tasks.get(job.key) === task) this.#tasks.drop(job.key);
      this.tellEngine();
    }
    this.#isBusy = false;
  }

  #next() {
    for (const job of JOBS) {
      const task = this.#tasks.get(job.key);
      if (task?.state === 'open' && job.isReady(this, task)) return { job, task };
    }
    return null;
  }

  /**
   * Runs a task. What the engine has a name for is told; anything else is a fault and stops the worker.
   * @param {Task} task
   * @param {() => Promise<void>} run
   */
  async #attempt(task, run) {
    try {
      await run();
      task.state = 'done';
    } catch (error) {
      if (task.signal.aborted && error === task.signal.reason) return;
      if (error?.name !== 'MaskovError') throw error;
      task.state = 'failed';
      this.#tasks.drop(...PASSING);
      const { code, message } = error;
      this.#tell({ kind: 'error', code, message, photo: task.photo, serial: task.serial });
    }
  }

  /** @param {Event} event */
  tell(event) {
    this.#tell(event);
  }

  /** Options of a call for a task. @param {Task} task @returns {CallOptions} */
  optionsFor(task) {
    return { signal: task.signal, onProgress: (progress) => this.#tellProgress(progress, task) };
  }

  /**
   * Calls the engine for a task. Where everything had to be done again meanwhile, that is over now.
   * @template T
   * @param {Task} task
   * @param {(engine: Engine, options: CallOptions) => Promise<T>} call
   */
  async call(task, call) {
    if (!this.engine) throw new Error('No task that calls the engine is ready without one.');
    const answer = await call(this.engine, this.optionsFor(task));
    this.tellEngine();
    if (this.#lostAt !== null && this.isEncoded(this.photo?.id)) this.tellEncoded(performance.now() - this.#lostAt);
    return answer;
  }

  /** @param {Progress} progress @param {Task} task */
  #tellProgress({ stage, ...steps }, task) {
    if (stage === 'recovering' || stage === 'shrinking') {
      this.#lostAt = performance.now();
      this.#tell({ kind: stage });
    } else if (stage !== 'segmenting' || !['preview', 'kept', 'sizes'].includes(task.request.kind)) {
      // A preview is no work that anybody waits for, nor is what it is compared with, nor are the stops of a size.
      this.#tell({ kind: 'work', stage, ...steps });
    }
  }

  /** Tells where the engine computes, when that is new. */
  tellEngine() {
    if (!this.engine) return;
    const { device, resolution, ownResolution, isStored, isStoreFull: storageFull } = this.engine;
    /** @type {Event} */
    const event = { kind: 'device', device, resolution, ownResolution, isStored, storageFull };
    const told = JSON.stringify(event);
    if (told !== this.#toldEngine) this.#tell(event);
    this.#toldEngine = told;
  }

  /** The engine has read the photo that is open. @param {number} milliseconds */
  tellEncoded(milliseconds) {
    this.#lostAt = null;
    if (!this.photo || !this.engine) return;
    this.#tell({ kind: 'encoded', photo: this.photo.id, milliseconds, resolution: this.engine.resolution });
  }

  /** A photo takes the place of the one before, and everything about that one ends. @param {number} id @param {Photo} picture */
  openPhoto(id, picture) {
    this.photo?.picture.free();
    this.photo = { id, picture };
    this.forgetMask();
    this.#tasks.put('encode', { kind: 'encode', photo: id });
    for (const key of ['points', 'preview', 'kept', 'sizes', 'prepare']) {
      if (this.#tasks.get(key)?.photo !== id) this.#tasks.drop(key);
      else if (key === 'points') this.#tasks.again(key);
    }
  }

  /** Whether the engine has read that photo. @param {number} [photo] */
  isEncoded(photo) {
    return this.photo?.id === photo && this.#tasks.is('encode', 'done');
  }

  /** Whether the mask is that of the newest points. */
  hasMask() {
    return this.mask !== null && this.#tasks.is('points', 'done');
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
