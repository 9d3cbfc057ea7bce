// Mouse, pen and fingers over the viewport, told as what they mean: point at, place, pull, move, delete, pan, zoom.
import { pixelAt } from './camera.js';
import { closest, find } from './elements.js';
import { Grab, Pan, Pinch, Press, RingGrab } from './gestures.js';

/** @import { Place } from './camera.js' */
/** @import { Gesture } from './gestures.js' */
/** @import { Store } from './store.js' */

/** How near to a point's middle a press is on it. Browsers hand touches beside a button to it, too. */
const POINT_REACH = 16;
const LEFT = 0;
const MIDDLE = 1;
const RIGHT = 2;

/**
 * @typedef {{ place: Place | null, remove: boolean, isTouch: boolean }} Hover where the pointer is; null once it is gone
 *
 * @typedef {object} Intents
 * @property {(place: Place | null, remove: boolean, isTouch: boolean) => void} point the pointer is here, or gone
 * @property {(place: Place, remove: boolean, isTouch: boolean) => void} press a new point is here, until it is let go or given up
 * @property {(place: Place, isTouch: boolean) => number} ringAt whose ring lies there, -1 for none
 * @property {(index: number, isTouch: boolean) => void} grabRing a point's ring is in the hand
 * @property {(place: Place) => void} pull the ring in the hand, or that of the new point, lies here
 * @property {() => void} letGo
 * @property {() => boolean} giveUp whether there was something in the hand
 * @property {(index: number) => void} makeAutomatic
 * @property {(pixels: number, place: Place) => void} scrub a size by the wheel
 * @property {() => boolean} endScrub whether there was one
 * @property {(index: number) => void} lift a point is in the hand
 * @property {(place: Place, isTouch: boolean) => void} drag it is on its way
 * @property {(place: Place) => void} drop it has arrived
 * @property {(index: number) => void} choose its ring is to be seen
 * @property {(index: number) => void} remove
 * @property {(dx: number, dy: number) => void} pan
 * @property {(factor: number, at: Place) => void} zoom
 */

/**
 * @param {Store} store
 * @param {Intents} intents
 */
export function listenForPointers(store, intents) {
  const viewport = find('#viewport');
  /** Fingers that are down. @type {Map<number, Place>} */
  const fingers = new Map();
  /** What the pressed pointer does. @type {Gesture | null} */
  let gesture = null;
  let isSpaceDown = false;
  /** The newest since the last frame: pointers move more often than screens show. @type {Hover} */
  let hover = { place: null, remove: false, isTouch: false };
  let frame = 0;

  /** @param {MouseEvent} event */
  const placeOf = (event) => {
    const { left, top } = viewport.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  /** @param {MouseEvent} event */
  const isRemoving = (event) => event.shiftKey || event.altKey || event.button === RIGHT || (event.ctrlKey && event.button === LEFT);
  /** @param {PointerEvent} event */
  const isTouch = (event) => event.pointerType === 'touch';
  /** @param {PointerEvent} event */
  const soon = (event, isGone = false) => {
    hover = { place: isGone ? null : placeOf(event), remove: event.shiftKey || event.altKey, isTouch: isTouch(event) };
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      intents.point(hover.place, hover.remove, hover.isTouch);
    });
  };

  viewport.addEventListener('pointerdown', (event) => {
    intents.endScrub();
    viewport.classList.add('by-pointer');
    if (isTouch(event)) fingers.set(event.pointerId, placeOf(event));
    if (fingers.size === 2) {
      // A second finger is a pinch; what the first had begun is given up.
      gesture?.cancel?.(intents);
      soon(event, true);
      gesture = new Pinch(fingers);
    } else if (fingers.size > 2 || gesture) return;
    else gesture = begin(event);
    viewport.setPointerCapture(event.pointerId);
    if (gesture instanceof Press && isTouch(event)) soon(event);
  });

  /** @param {PointerEvent} event @returns {Gesture | null} */
  function begin(event) {
    const place = placeOf(event);
    if (event.button === MIDDLE || (isSpaceDown && event.button === LEFT)) return new Pan(place);
    const button = pointAt(event);
    if (button) return new Grab(place, intents, Number(button.dataset.index), isTouch(event), event.timeStamp);
    const ring = event.button === LEFT ? intents.ringAt(place, isTouch(event)) : -1;
    if (ring >= 0) return new RingGrab(place, intents, ring, isTouch(event), event.timeStamp);
    if (event.button === LEFT || event.button === RIGHT) return new Press(place, intents, isRemoving(event), isTouch(event));
    return null;
  }

  /** @param {PointerEvent} event */
  function pointAt(event) {
    const button = closest(event.target, '.point');
    if (!button) return null;
    const { left, top, width, height } = button.getBoundingClientRect();
    const away = Math.hypot(event.clientX - left - width / 2, event.clientY - top - height / 2);
    return away <= POINT_REACH ? button : null;
  }

  viewport.addEventListener('pointermove', (event) => {
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, placeOf(event));
    gesture?.move?.(placeOf(event), intents);
    if (!gesture || gesture instanceof Pan) soon(event);
    const { camera, document: { photo } } = store.state;
    const isOverPhoto = () => Boolean(pixelAt(camera, photo, placeOf(event)));
    viewport.dataset.over = gesture instanceof Pan ? 'pan' : isSpaceDown ? 'space' : isOverPhoto() ? 'photo' : '';
  });

  /** @param {PointerEvent} event */
  const end = (event) => {
    fingers.delete(event.pointerId);
    const ended = gesture;
    if (gesture instanceof Pinch && fingers.size) return;
    gesture = null;
    if (event.type === 'pointerup') ended?.end?.(placeOf(event), intents, event.timeStamp);
    else ended?.cancel?.(intents);
    // A mouse is still there, and what lies under it may be new.
    soon(event, isTouch(event));
  };
  viewport.addEventListener('pointerup', end);
  viewport.addEventListener('pointercancel', end);
  viewport.addEventListener('pointerleave', (event) => gesture || soon(event, true));
  viewport.addEventListener('contextmenu', (event) => event.preventDefault());
  // Middle click on Linux pastes, elsewhere it scrolls by itself.
  viewport.addEventListener('mousedown', (event) => event.button === MIDDLE && event.preventDefault());
  viewport.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const pixels = event.deltaMode ? event.deltaY * 16 : event.deltaY;
      if (event.altKey) {
        intents.scrub(pixels, placeOf(event));
        return;
      }
      // A pinch on a touchpad comes as a wheel with Ctrl, in smaller steps.
      const step = pixels * (event.ctrlKey ? 0.01 : 0.0015);
      intents.zoom(Math.exp(-Math.max(-0.6, Math.min(0.6, step))), placeOf(event));
    },
    { passive: false },
  );
  /** @param {KeyboardEvent} event */
  const space = (event) => {
    if (event.code !== 'Space' || closest(event.target, 'button, dialog, input')) return;
    isSpaceDown = event.type === 'keydown';
    viewport.dataset.over = isSpaceDown ? 'space' : 'photo';
    event.preventDefault();
  };
  addEventListener('keydown', space);
  addEventListener('keyup', space);
  // A browser's menu takes Alt for itself, unless it was of use here.
  addEventListener('keyup', (event) => event.key === 'Alt' && intents.endScrub() && event.preventDefault());
  addEventListener('blur', () => {
    isSpaceDown = false;
    intents.endScrub();
  });
}
