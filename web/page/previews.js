// Which preview is asked for, and when: one is in flight, the newest request waits for it, and on a CPU the pointer must rest.

/** @import { Point } from './store.js' */
/** @typedef {{ points: readonly Point[], isLive: boolean }} Asked */

/** On a CPU a preview takes the engine for a while: it is asked for once the pointer rests. */
const REST_MS = 140;

export class Previews {
  /** @type {(serial: number, points: readonly Point[]) => void} */
  #send;
  #serial = 0;
  #inFlight = 0;
  /** @type {Asked | null} */
  #wanted = null;
  #timer = 0;
  #asked = '';

  /** What was sent last. @type {Asked | null} */
  #sent = null;

  /** @param {(serial: number, points: readonly Point[]) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /**
   * @param {readonly Point[]} points those that are there and the one that it is about, or was moved or pulled
   * @param {{ waits: boolean, isLive: boolean }} how `waits`: for the pointer to rest; `isLive`: a size is being pulled
   */
  want(points, { waits, isLive }) {
    const asked = JSON.stringify([points, isLive]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#wanted = { points, isLive };
    clearTimeout(this.#timer);
    if (waits) this.#timer = setTimeout(() => this.#next(), REST_MS);
    else this.#next();
  }

  /** Nothing is pointed at: what is on its way is not shown any more. */
  stop() {
    clearTimeout(this.#timer);
    this.#wanted = null;
    this.#asked = '';
    this.#serial += 1;
  }

  /** After points, a photo or a model were sent, the engine has given up what was in flight. */
  forget() {
    this.stop();
    this.#inFlight = 0;
  }

  /** An answer came. @param {number} serial @returns {Asked | null} to what, where it is to be shown */
  arrived(serial) {
    if (serial === this.#inFlight) this.#inFlight = 0;
    const answered = serial === this.#serial ? this.#sent : null;
    this.#next();
    return answered;
  }

  #next() {
    if (this.#inFlight || !this.#wanted) return;
    this.#sent = this.#wanted;
    this.#wanted = null;
    this.#inFlight = ++this.#serial;
    this.#send(this.#serial, this.#sent.points);
  }
}
