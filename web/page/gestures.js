// What a pressed pointer does, from press to release. `move`, `end` and `cancel` tell the intents of page/pointer.js.
import { distance } from './camera.js';

/** A press that moves further than this, in CSS pixels, is no click. */
const CLICK_SLACK = 5;
/** A finger that stays for longer on a point does not tap it. */
const HOLD_MS = 500;
/** Two clicks on a ring within this time are a double click. */
const DOUBLE_MS = 500;

/** @typedef {import('./pointer.js').Place} Place */
/** @typedef {Press | Grab | RingGrab | Pan | Pinch} Gesture */

const isFar = (a, b) => distance(a, b) > CLICK_SLACK;

/** Of a new point or of a ring: only what has moved is a pull. */
class Pull {
  isPulled = false;

  move(place, intents) {
    this.isPulled ||= isFar(place, this.place);
    if (this.isPulled) intents.pull(place);
  }

  cancel(intents) {
    intents.giveUp();
  }
}

/** A press on the photo: the point is where it was pressed; moved, it is pulled to a size. */
export class Press extends Pull {
  constructor(place, intents, remove, isTouch) {
    super();
    this.place = place;
    intents.press(place, remove, isTouch);
  }

  end(_, intents) {
    intents.letGo();
  }
}

/** A press on a point: a click deletes it, a drag moves it. A finger that rests on it shows its ring, as a mouse does above it. */
export class Grab {
  #isMoved = false;

  constructor(place, intents, index, isTouch, time) {
    Object.assign(this, { place, index, isTouch, time });
    if (isTouch) intents.choose(index);
  }

  move(place, intents) {
    if (!this.#isMoved && isFar(place, this.place)) {
      this.#isMoved = true;
      intents.lift(this.index);
    }
    if (this.#isMoved) intents.drag(place, this.isTouch);
  }

  end(place, intents, time) {
    if (this.#isMoved) intents.drop(place);
    else if (!this.isTouch || time - this.time < HOLD_MS) intents.remove(this.index);
  }

  cancel(intents) {
    intents.giveUp();
  }
}

/** A press on the ring of a point: a pull resizes it, a double click gives it its automatic size back. */
export class RingGrab extends Pull {
  /** The click that could be the first of two. */
  static #last = { index: -1, time: 0 };

  constructor(place, intents, index, isTouch, time) {
    super();
    Object.assign(this, { place, index, time });
    intents.grabRing(index, isTouch);
  }

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
  constructor(place) {
    this.place = place;
  }

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
