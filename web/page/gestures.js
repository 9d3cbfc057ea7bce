// What a pressed pointer does, from press to release. `move`, `end` and `cancel` tell the intents of page/pointer.js.
import { distance } from './camera.js';

/** @import { Place } from './camera.js' */
/** @import { Intents } from './pointer.js' */

/** A press that moves further than this, in CSS pixels, is no click. */
const CLICK_SLACK = 5;
/** A finger that stays for longer on a point does not tap it. */
const HOLD_MS = 500;
/** Two clicks on a ring within this time are a double click. */
const DOUBLE_MS = 500;

/**
 * @typedef {object} Gesture
 * @property {(place: Place, intents: Intents) => void} [move]
 * @property {(place: Place, intents: Intents, time: number) => void} [end]
 * @property {(intents: Intents) => void} [cancel]
 */

/** @param {Place} a @param {Place} b */
const isFar = (a, b) => distance(a, b) > CLICK_SLACK;

/** Of a new point or of a ring: only what has moved is a pull. */
class Pull {
  isPulled = false;

  /** @param {Place} place where it was pressed */
  constructor(place) {
    this.place = place;
  }

  /** @param {Place} place @param {Intents} intents */
  move(place, intents) {
    this.isPulled ||= isFar(place, this.place);
    if (this.isPulled) intents.pull(place);
  }

  /** @param {Intents} intents */
  cancel(intents) {
    intents.giveUp();
  }
}

/** A press on the photo: the point is where it was pressed; moved, it is pulled to a size. */
export class Press extends Pull {
  /** @param {Place} place @param {Intents} intents @param {boolean} remove @param {boolean} isTouch */
  constructor(place, intents, remove, isTouch) {
    super(place);
    intents.press(place, remove, isTouch);
  }

  /** @param {Place} _ @param {Intents} intents */
  end(_, intents) {
    intents.letGo();
  }
}

/** A press on a point: a click deletes it, a drag moves it. A finger that rests on it shows its ring, as a mouse does above it. */
export class Grab {
  #isMoved = false;

  /** @param {Place} place @param {Intents} intents @param {number} index @param {boolean} isTouch @param {number} time */
  constructor(place, intents, index, isTouch, time) {
    this.place = place;
    this.index = index;
    this.isTouch = isTouch;
    this.time = time;
    if (isTouch) intents.choose(index);
  }

  /** @param {Place} place @param {Intents} intents */
  move(place, intents) {
    if (!this.#isMoved && isFar(place, this.place)) {
      this.#isMoved = true;
      intents.lift(this.index);
    }
    if (this.#isMoved) intents.drag(place, this.isTouch);
  }

  /** @param {Place} place @param {Intents} intents @param {number} time */
  end(place, intents, time) {
    if (this.#isMoved) intents.drop(place);
    else if (!this.isTouch || time - this.time < HOLD_MS) intents.remove(this.index);
  }

  /** @param {Intents} intents */
  cancel(intents) {
    intents.giveUp();
  }
}

/** A press on the ring of a point: a pull resizes it, a double click gives it its automatic size back. */
export class RingGrab extends Pull {
  /** The click that could be the first of two. */
  static #last = { index: -1, time: 0 };

  /** @param {Place} place @param {Intents} intents @param {number} index @param {boolean} isTouch @param {number} time */
  constructor(place, intents, index, isTouch, time) {
    super(place);
    this.index = index;
    this.time = time;
    intents.grabRing(index, isTouch);
  }

  /** @param {Place} _ @param {Intents} intents */
  end(_, intents) {
    if (this.isPulled) {
      intents.letGo();
      return;
    }
    intents.giveUp();
    const { index, time } = RingGrab.#last;
    const isSecond = index === this.index && this.time - time < DOUBLE_MS;
    RingGrab.#last = isSecond ? { index: -1, time: 0 } : { index: this.index, time: this.time };
    if (isSecond) intents.makeAutomatic(index);
  }
}

export class Pan {
  /** @param {Place} place */
  constructor(place) {
    this.place = place;
  }

  /** @param {Place} place @param {Intents} intents */
  move(place, intents) {
    intents.pan(place.x - this.place.x, place.y - this.place.y);
    this.place = place;
  }
}

/** Two fingers: their middle pans, their distance zooms. */
export class Pinch {
  /** @param {Map<number, Place>} fingers */
  constructor(fingers) {
    this.fingers = fingers;
    this.before = this.#now();
  }

  /** @param {Place} _ @param {Intents} intents */
  move(_, intents) {
    if (this.fingers.size < 2) return;
    const now = this.#now();
    intents.pan(now.middle.x - this.before.middle.x, now.middle.y - this.before.middle.y);
    intents.zoom(now.distance / this.before.distance, now.middle);
    this.before = now;
  }

  #now() {
    const [a, b] = this.fingers.values();
    return { middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, distance: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1) };
  }
}
