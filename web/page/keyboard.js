// Everything by keyboard: commands from anywhere, and a cursor over the photo that places points without a pointer.
import { pixelAt, placeOf } from './camera.js';

/** CSS pixels that an arrow moves the cursor; with Ctrl one photo pixel. */
const STRIDE = 12;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {import('./store.js').Store} store
 * @param {Record<string, () => void>} commands by the name that buttons have in data-do
 * @param {{ moveCursor: (pixel: { x: number, y: number }) => void, place: (pixel: { x: number, y: number }, remove: boolean) => void,
 *   movePoint: (index: number, x: number, y: number) => void, removePoint: (index: number) => void, giveUp: () => boolean,
 *   step: (direction: 1 | -1) => void, nudge: (index: number, direction: 1 | -1) => void }} intents
 */
export function listenForKeys(store, commands, intents) {
  addEventListener('keydown', (event) => {
    if (event.target.closest?.('dialog[open]')) return;
    // From here on the keyboard points.
    if (event.key === 'Tab' || event.key in ARROWS || event.key === 'Enter') document.querySelector('#stage').classList.remove('by-pointer');
    const taken = isGivenUp(event, intents) || withControl(event, commands) || onGrip(event, intents) || onSize(event, intents) || onPoint(event, store, intents) || onStage(event, store, intents) || plain(event, commands, store);
    if (taken) event.preventDefault();
  });
  addEventListener('keyup', (event) => event.key.toLowerCase() === 'h' && store.set({ hidesAll: false }));
  addEventListener('blur', () => store.set({ hidesAll: false }));
}

/** What is in the hand is let go of, and nothing else happens. */
const isGivenUp = (event, intents) => event.key === 'Escape' && intents.giveUp();

/** Everywhere: the next stop of a size. */
function onSize(event, intents) {
  const direction = { ',': -1, '.': 1 }[event.key];
  if (!direction || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.('input')) return false;
  intents.step(direction);
  return true;
}

/** A ring that has the focus: arrows change the size by a tenth, pressing it goes to the next stop. */
function onGrip(event, intents) {
  const grip = event.target.closest?.('.grip');
  if (!grip) return false;
  const direction = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
  if (!direction) return false;
  intents.nudge([...grip.closest('ol').children].indexOf(grip.closest('li')), direction);
  return true;
}

function withControl(event, commands) {
  if (!event.ctrlKey && !event.metaKey) return false;
  const key = event.key.toLowerCase();
  const name = { z: event.shiftKey ? 'redo' : 'undo', y: 'redo', o: 'open', c: 'copy', s: 'save-cutout' }[key];
  // What somebody has selected is what they want to copy.
  if (!name || (name === 'copy' && !getSelection().isCollapsed)) return false;
  commands[name]();
  return true;
}

/** A point that has the focus is moved by arrows and deleted by keys; Enter and Space press it, which deletes it too. */
function onPoint(event, store, intents) {
  const button = event.target.closest?.('.point');
  if (!button) return false;
  const index = Number(button.dataset.index);
  if (['Delete', 'Backspace', 'Enter', ' '].includes(event.key)) {
    intents.removePoint(index);
    document.querySelector('#stage').focus();
    return true;
  }
  const arrow = ARROWS[event.key];
  if (!arrow) return false;
  const point = store.state.document.points[index];
  const step = strideOf(event, store);
  intents.movePoint(index, ...clamped(point.x + arrow[0] * step, point.y + arrow[1] * step, store));
  return true;
}

function onStage(event, store, intents) {
  const { cursor, document: { photo } } = store.state;
  // Nothing has the focus at first, and after a point was deleted.
  const isHere = event.target.id === 'stage' || event.target === document.body;
  if (!isHere || !photo) return false;
  const arrow = ARROWS[event.key];
  if (arrow) {
    const step = strideOf(event, store);
    const from = cursor ?? middleOf(store);
    const [x, y] = cursor ? clamped(from.x + arrow[0] * step, from.y + arrow[1] * step, store) : [from.x, from.y];
    intents.moveCursor({ x, y });
    return true;
  }
  if (event.key !== 'Enter') return false;
  if (cursor) intents.place(cursor, event.shiftKey || event.altKey);
  else intents.moveCursor(middleOf(store));
  return true;
}

function plain(event, commands, store) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.('input')) return false;
  if (event.key.toLowerCase() === 'h') {
    store.set({ hidesAll: true });
    return true;
  }
  const name = { 0: 'fit', 1: 'actual-size', '+': 'zoom-in', '=': 'zoom-in', '-': 'zoom-out', Escape: 'escape', '?': 'keys' }[event.key];
  if (!name) return false;
  commands[name]();
  return true;
}

function strideOf(event, store) {
  return event.ctrlKey || event.shiftKey ? 1 : Math.max(1, Math.round(STRIDE / store.state.camera.scale));
}

function clamped(x, y, store) {
  const { width, height } = store.state.document.photo;
  return [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
}

/** The pixel in the middle of what is seen. */
function middleOf(store) {
  const { camera, stage, document: { photo } } = store.state;
  const middle = { x: Math.floor(photo.width / 2), y: Math.floor(photo.height / 2) };
  const { x, y } = placeOf(camera, middle);
  const isSeen = x >= 0 && y >= 0 && x < stage.width && y < stage.height;
  return isSeen ? middle : (pixelAt(camera, photo, { x: stage.width / 2, y: stage.height / 2 }) ?? middle);
}
