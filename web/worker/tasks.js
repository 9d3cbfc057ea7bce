// What the page asked for: of each key the newest task, with the means to end it.

/** @typedef {'open' | 'done' | 'failed'} State */

export class Task {
  /** @type {State} */
  state = 'open';
  #controller = new AbortController();

  constructor(request) {
    this.request = request;
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

  /** A new task in place of the one before, whose work ends. */
  put(key, request) {
    this.drop(key);
    const task = new Task(request);
    this.#all.set(key, task);
    return task;
  }

  drop(...keys) {
    for (const key of keys) {
      this.#all.get(key)?.end();
      this.#all.delete(key);
    }
  }

  /** The same again from the start, where there is such a task. */
  again(...keys) {
    for (const key of keys) {
      const task = this.#all.get(key);
      if (task) this.put(key, task.request);
    }
  }
}
