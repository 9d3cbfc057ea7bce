// Everything by keyboard: commands from anywhere, and a cursor over the photo that places points without a pointer.
import { pixelAt, placeOf } from './camera.js';
import { closest, find } from './elements.js';

/** @import { Extent, Pixel } from './camera.js' */
/** @import { State, Store } from './store.js' */

/** CSS pixels that an arrow moves the cursor; with Ctrl one photo pixel. */
const STRIDE = 12;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** @type {Record<string, 1 | -1>} */
const SIZE_KEYS = { ',': -1, '.': 1 };
/** @type {Record<string, 1 | -1>} */
const GRIP_KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 };

/**
 * @typedef {Record<string, () => void>} Commands by the name that buttons have in data-do
 * @typedef {{ moveCursor: (pixel: Pixel) => void, place: (pixel: Pixel, remove: boolean) => void,
 *   movePoint: (index: number, x: number, y: number) => void, removePoint: (index: number) => void, giveUp: () => boolean,
 *   step: (direction: 1 | -1) => void, nudge: (index: number, direction: 1 | -1) => void }} KeyIntents
 */

/** @param {Store} store @param {Commands} commands @param {KeyIntents} intents */
export function listenForKeys(store, commands, intents) {
  addEventListener('keydown', (event) => {
    if (closest(event.target, 'dialog[open]')) return;
    // From here on the keyboard points.
    if (event.key === 'Tab' || event.key in ARROWS || event.key === 'Enter') find('#viewport').classList.remove('by-pointer');
    const taken = isGivenUp(event, intents) || withControl(event, commands) || onGrip(event, intents) || onSize(event, intents) || onPoint(event, store, intents) || onViewport(event, store, intents) || plain(event, commands, store);
    if (taken) event.preventDefault();
  });
  addEventListener('keyup', (event) => event.key.toLowerCase() === 'h' && store.set({ hidesAll: false }));
  addEventListener('blur', () => store.set({ hidesAll: false }));
}

/** What is in the hand is let go of, and nothing else happens. @param {KeyboardEvent} event @param {KeyIntents} intents */
const isGivenUp = (event, intents) => event.key === 'Escape' && intents.giveUp();

/** Everywhere: the next stop of a size. @param {KeyboardEvent} event @param {KeyIntents} intents */
function onSize(event, intents) {
  const direction = SIZE_KEYS[event.key];
  if (!direction || event.ctrlKey || event.metaKey || event.altKey || closest(event.target, 'input')) return false;
  intents.step(direction);
  return true;
}

/**
 * A ring that has the focus: arrows change the size by a tenth, pressing it goes to the next stop.
 * @param {KeyboardEvent} event
 * @param {KeyIntents} intents
 */
function onGrip(event, intents) {
  const grip = closest(event.target, '.grip');
  if (!grip) return false;
  const direction = GRIP_KEYS[event.key];
  if (!direction) return false;
  intents.nudge([...document.querySelectorAll('#points .grip')].indexOf(grip), direction);
  return true;
}

/** @param {KeyboardEvent} event @param {Commands} commands */
function withControl(event, commands) {
  if (!event.ctrlKey && !event.metaKey) return false;
  const key = event.key.toLowerCase();
  const name = { z: event.shiftKey ? 'redo' : 'undo', y: 'redo', o: 'open', c: 'copy', s: 'save-cutout' }[key];
  // What somebody has selected is what they want to copy.
  if (!name || (name === 'copy' && getSelection()?.isCollapsed === false)) return false;
  commands[name]();
  return true;
}

/**
 * A point that has the focus is moved by arrows and deleted by keys; Enter and Space press it, which deletes it too.
 * @param {KeyboardEvent} event
 * @param {Store} store
 * @param {KeyIntents} intents
 */
function onPoint(event, store, intents) {
  const button = closest(event.target, '.point');
  if (!button) return false;
  const index = Number(button.dataset.index);
  if (['Delete', 'Backspace', 'Enter', ' '].includes(event.key)) {
    intents.removePoint(index);
    find('#viewport').focus();
    return true;
  }
  const arrow = ARROWS[event.key];
  const { photo, points } = store.state.document;
  if (!arrow || !photo) return false;
  const step = strideOf(event, store);
  const { x, y } = clamped(points[index].x + arrow[0] * step, points[index].y + arrow[1] * step, photo);
  intents.movePoint(index, x, y);
  return true;
}

/** @param {KeyboardEvent} event @param {Store} store @param {KeyIntents} intents */
function onViewport(event, store, intents) {
  const { cursor, document: { photo } } = store.state;
  // Nothing has the focus at first, and after a point was deleted.
  const isHere = event.target === find('#viewport') || event.target === document.body;
  if (!isHere || !photo) return false;
  const arrow = ARROWS[event.key];
  if (arrow) {
    const step = strideOf(event, store);
    intents.moveCursor(cursor ? clamped(cursor.x + arrow[0] * step, cursor.y + arrow[1] * step, photo) : middleOf(store.state, photo));
    return true;
  }
  if (event.key !== 'Enter') return false;
  if (cursor) intents.place(cursor, event.shiftKey || event.altKey);
  else intents.moveCursor(middleOf(store.state, photo));
  return true;
}

/** @param {KeyboardEvent} event @param {Commands} commands @param {Store} store */
function plain(event, commands, store) {
  if (event.ctrlKey || event.metaKey || event.altKey || closest(event.target, 'input')) return false;
  if (event.key.toLowerCase() === 'h') {
    store.set({ hidesAll: true });
    return true;
  }
  const name = { 0: 'fit', 1: 'actual-size', '+': 'zoom-in', '=': 'zoom-in', '-': 'zoom-out', Escape: 'escape', '?': 'keys' }[event.key];
  if (!name) return false;
  commands[name]();
  return true;
}

/** @param {KeyboardEvent} event @param {Store} store */
function strideOf(event, store) {
  return event.ctrlKey || event.shiftKey ? 1 : Math.max(1, Math.round(STRIDE / store.state.camera.scale));
}

/** @param {number} x @param {number} y @param {Extent} photo @returns {Pixel} */
function clamped(x, y, { width, height }) {
  return { x: Math.min(Math.max(x, 0), width - 1), y: Math.min(Math.max(y, 0), height - 1) };
}

/** The pixel in the middle of what is seen. @param {State} state @param {Extent} photo @returns {Pixel} */
function middleOf({ camera, viewport }, photo) {
  const middle = { x: Math.floor(photo.width / 2), y: Math.floor(photo.height / 2) };
  const { x, y } = placeOf(camera, middle);
  const isSeen = x >= 0 && y >= 0 && x < viewport.width && y < viewport.height;
  return isSeen ? middle : (pixelAt(camera, photo, { x: viewport.width / 2, y: viewport.height / 2 }) ?? middle);
}
