// The points of the photo that is open, with a way back. A later issue's history replaces this one.

/** @typedef {import('./view.js').Point} Point */

export class Points {
  /** @type {Point[][]} */
  #past = [];
  /** @type {Point[]} */
  #now = [];

  get all() {
    return this.#now;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  /** A second point on the same pixel replaces the first: a pixel cannot be both. */
  place(x, y, foreground) {
    const others = this.#now.filter((point) => point.x !== x || point.y !== y);
    this.#change([...others, { x, y, foreground }]);
  }

  clear() {
    if (this.#now.length) this.#change([]);
  }

  undo() {
    this.#now = this.#past.pop() ?? this.#now;
  }

  /** For another photo: nothing to go back to. */
  forget() {
    this.#past = [];
    this.#now = [];
  }

  #change(points) {
    this.#past.push(this.#now);
    this.#now = points;
  }
}
