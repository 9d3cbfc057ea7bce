// What the page wants: of each key the newest wish, with the means to end the work on it.

/** @typedef {'open' | 'done' | 'failed'} State */

export class Wish {
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

export class Wishes {
  /** @type {Map<string, Wish>} */
  #all = new Map();

  /** @param {string} key */
  get(key) {
    return this.#all.get(key);
  }

  /** @param {string} key @param {State} state */
  is(key, state) {
    return this.#all.get(key)?.state === state;
  }

  /** A new wish in place of the one before, whose work ends. */
  put(key, request) {
    this.drop(key);
    const wish = new Wish(request);
    this.#all.set(key, wish);
    return wish;
  }

  drop(...keys) {
    for (const key of keys) {
      this.#all.get(key)?.end();
      this.#all.delete(key);
    }
  }

  /** The same again from the start, where there is such a wish. */
  again(...keys) {
    for (const key of keys) {
      const wish = this.#all.get(key);
      if (wish) this.put(key, wish.request);
    }
  }
}
