// What the page asked for: of each key the newest task, with the means to end it.

/** @import { Request } from '../page/engine.js' */

/**
 * @typedef {'open' | 'done' | 'failed'} State
 * @typedef {Request | { kind: 'encode', photo: number }} Asked by the page, or by the photo that it opened
 */

/** @template {Asked} [R=Asked] */
export class Task {
  /** @type {State} */
  state = 'open';
  #controller = new AbortController();

  /** @param {R} request */
  constructor(request) {
    this.request = request;
  }

  /** The photo that it is about. */
  get photo() {
    return 'photo' in this.request ? this.request.photo : undefined;
  }

  /** The number that the answer is to have. */
  get serial() {
    return 'serial' in this.request ? this.request.serial : undefined;
  }

  get signal() {
    return this.#controller.signal;
  }

  end() {
    this.#controller.abort();
  }
}

export class Tasks {
  /** @type {Map<string, Task>} */
  #all = new Map();

  /** @param {string} key */
  get(key) {
    return this.#all.get(key);
  }

  /** @param {string} key @param {State} state */
  is(key, state) {
    return this.#all.get(key)?.state === state;
  }

  /**
   * A new task in place of the one before, whose work ends.
   * @template {Asked} R
   * @param {string} key
   * @param {R} request
   */
  put(key, request) {
    this.drop(key);
    const task = new Task(request);
    this.#all.set(key, task);
    return task;
  }

  /** @param {string[]} keys */
  drop(...keys) {
    for (const key of keys) {
      this.#all.get(key)?.end();
      this.#all.delete(key);
    }
  }

  /** The same again from the start, where there is such a task. @param {string[]} keys */
  again(...keys) {
    for (const key of keys) {
      const task = this.#all.get(key);
      if (task) this.put(key, task.request);
    }
  }
}
