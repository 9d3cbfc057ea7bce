// Mouse, pen and fingers over the stage, told as what they mean: point at, place, move, delete, pan, zoom.
import { pixelAt } from './camera.js';

/** A press that moves further than this, in CSS pixels, is a drag. */
const CLICK_SLACK = 5;
/** How near to a point's middle a press is on it. Browsers hand touches beside a button to it, too. */
const POINT_REACH = 16;
const LEFT = 0;
const MIDDLE = 1;
const RIGHT = 2;

/**
 * @typedef {{ x: number, y: number }} Place in the stage, in CSS pixels
 * @typedef {object} Intents
 * @property {(place: Place | null, remove: boolean, isTouch: boolean) => void} point the pointer is here, or gone
 * @property {(place: Place, remove: boolean, isTouch: boolean) => void} place
 * @property {(index: number, place: Place) => void} drag a point is on its way
 * @property {(index: number, place: Place | null) => void} drop it has arrived, or stays where it was
 * @property {(index: number) => void} remove
 * @property {(dx: number, dy: number) => void} pan
 * @property {(factor: number, at: Place) => void} zoom
 */

/**
 * @param {import('./store.js').Store} store
 * @param {Intents} intents
 */
export function listenForPointers(store, intents) {
  const stage = document.querySelector('#stage');
  /** Fingers that are down. @type {Map<number, Place>} */
  const fingers = new Map();
  /** What the pressed pointer does. @type {Gesture | null} */
  let gesture = null;
  let isSpaceDown = false;
  /** The newest place since the last frame: pointers move more often than screens show. */
  let hover = null;
  let frame = 0;

  const placeOf = (event) => {
    const { left, top } = stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const isRemoving = (event) => event.shiftKey || event.altKey || event.button === RIGHT || (event.ctrlKey && event.button === LEFT);
  const soon = (event) => {
    hover = event && { place: placeOf(event), remove: event.shiftKey || event.altKey, isTouch: event.pointerType === 'touch' };
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      intents.point(hover?.place ?? null, hover?.remove ?? false, hover?.isTouch ?? false);
    });
  };

  stage.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch') fingers.set(event.pointerId, placeOf(event));
    if (fingers.size === 2) gesture = cancelled(gesture) ?? new Pinch(fingers);
    else if (fingers.size > 2 || gesture) return;
    else gesture = begin(event);
    stage.setPointerCapture(event.pointerId);
    if (gesture instanceof Press && event.pointerType === 'touch') soon(event);
  });

  function begin(event) {
    const button = pointAt(event);
    if (event.button === MIDDLE || (isSpaceDown && event.button === LEFT)) return new Pan(placeOf(event));
    if (button) return new Grab(Number(button.dataset.index), placeOf(event));
    if (event.button === LEFT || event.button === RIGHT) return new Press(placeOf(event), isRemoving(event), event.pointerType === 'touch');
    return null;
  }

  function pointAt(event) {
    const button = event.target.closest?.('.point');
    if (!button) return null;
    const { left, top, width, height } = button.getBoundingClientRect();
    const away = Math.hypot(event.clientX - left - width / 2, event.clientY - top - height / 2);
    return away <= POINT_REACH ? button : null;
  }

  /** A second finger is a pinch; what the first had begun is given up. */
  function cancelled(begun) {
    begun?.cancel?.(intents);
    soon(null);
    return null;
  }

  stage.addEventListener('pointermove', (event) => {
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, placeOf(event));
    gesture?.move?.(placeOf(event), intents);
    if (!(gesture instanceof Pinch) && !(gesture instanceof Grab)) soon(event);
    const { camera, document: { photo } } = store.state;
    stage.dataset.over = gesture instanceof Pan ? 'pan' : isSpaceDown ? 'space' : pixelAt(camera, photo, placeOf(event)) ? 'photo' : '';
  });

  const end = (event) => {
    fingers.delete(event.pointerId);
    const ended = gesture;
    if (gesture instanceof Pinch && fingers.size) return;
    gesture = null;
    if (event.type === 'pointerup') ended?.end?.(placeOf(event), intents);
    else ended?.cancel?.(intents);
    if (event.pointerType === 'touch') soon(null);
  };
  stage.addEventListener('pointerup', end);
  stage.addEventListener('pointercancel', end);
  stage.addEventListener('pointerleave', () => gesture || soon(null));
  stage.addEventListener('contextmenu', (event) => event.preventDefault());
  // Middle click on Linux pastes, elsewhere it scrolls by itself.
  stage.addEventListener('mousedown', (event) => event.button === MIDDLE && event.preventDefault());
  stage.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      // A pinch on a touchpad comes as a wheel with Ctrl, in smaller steps.
      const step = (event.deltaMode ? event.deltaY * 16 : event.deltaY) * (event.ctrlKey ? 0.01 : 0.0015);
      intents.zoom(Math.exp(-Math.max(-0.6, Math.min(0.6, step))), placeOf(event));
    },
    { passive: false },
  );
  const space = (event) => {
    if (event.code !== 'Space' || event.target.closest?.('button, dialog, input')) return;
    isSpaceDown = event.type === 'keydown';
    stage.dataset.over = isSpaceDown ? 'space' : 'photo';
    event.preventDefault();
  };
  addEventListener('keydown', space);
  addEventListener('keyup', space);
  addEventListener('blur', () => (isSpaceDown = false));
}

const isFar = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) > CLICK_SLACK;

/** @typedef {Press | Grab | Pan | Pinch} Gesture */

/** A press on the photo. With a mouse the point is where it was pressed; a finger may look for its place first. */
class Press {
  constructor(place, remove, isTouch) {
    Object.assign(this, { place, remove, isTouch });
  }

  end(place, intents) {
    if (this.isTouch) intents.place(place, this.remove, true);
    else if (!isFar(place, this.place)) intents.place(this.place, this.remove, false);
  }
}

/** A press on a point: a click deletes it, a drag moves it. */
class Grab {
  #isMoved = false;

  constructor(index, place) {
    Object.assign(this, { index, place });
  }

  move(place, intents) {
    this.#isMoved ||= isFar(place, this.place);
    if (this.#isMoved) intents.drag(this.index, place);
  }

  end(place, intents) {
    if (this.#isMoved) intents.drop(this.index, place);
    else intents.remove(this.index);
  }

  cancel(intents) {
    intents.drop(this.index, null);
  }
}

class Pan {
  constructor(place) {
    this.place = place;
  }

  move(place, intents) {
    intents.pan(place.x - this.place.x, place.y - this.place.y);
    this.place = place;
  }
}

/** Two fingers: their middle pans, their distance zooms. */
class Pinch {
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
