// What is under the finger, shown above it: a finger hides the very pixel that it chooses.
import { photos, store } from './app.js';
import { pixelAt } from './camera.js';
import { contextOf, find } from './elements.js';
import { ringOf } from './rings.js';

/** @import { Place } from './camera.js' */
/** @import { Ring } from './rings.js' */

/** Side in CSS pixels, as in styles/viewport.css. */
const SIDE = 112;
const MAGNIFICATION = 2.5;
const ABOVE_FINGER = 72;

const canvas = find('#magnifier', HTMLCanvasElement);
let outline = { text: '', path: new Path2D() };

/** @param {Place | null} place of the finger; null hides it */
export function magnify(place) {
  const { state } = store;
  const { camera, density, viewport, pull, document: { photo } } = state;
  const { shown } = photos;
  const isSeen = place && photo && shown && pixelAt(camera, photo, place);
  canvas.hidden = !isSeen;
  if (!isSeen) return;
  canvas.width = canvas.height = Math.round(SIDE * density);
  const left = Math.min(Math.max(place.x - SIDE / 2, 4), viewport.width - SIDE - 4);
  const above = place.y - ABOVE_FINGER - SIDE;
  // At the viewport's upper edge there is room only beside the finger.
  const isBeside = above < 4;
  const beside = place.x > viewport.width / 2 ? place.x - SIDE - 48 : place.x + 48;
  canvas.style.transform = `translate(${isBeside ? beside : left}px, ${isBeside ? 4 : above}px)`;
  const context = contextOf(canvas);
  const middle = canvas.width / 2;
  const scale = camera.scale * MAGNIFICATION * density;
  const [x, y] = [(place.x - camera.x) / camera.scale, (place.y - camera.y) / camera.scale];
  context.setTransform(scale, 0, 0, scale, middle - x * scale, middle - y * scale);
  context.drawImage(shown, 0, 0, photo.width, photo.height);
  drawOutline(context, (pull?.isOn && state.preview?.path) || (state.mask?.path ?? ''), scale, density);
  context.setTransform(density, 0, 0, density, middle, middle);
  // A finger that pulls has the ring; one that places, the pixel.
  if (pull?.isOn) drawRing(context, ringOf(state), place);
  else drawCross(context);
}

/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} scale @param {number} density */
function drawOutline(context, text, scale, density) {
  if (!text) return;
  if (text !== outline.text) outline = { text, path: new Path2D(text) };
  context.lineWidth = (1.5 * density) / scale;
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--accent');
  context.stroke(outline.path);
}

/** Two strokes of one path: light on dark, seen on every ground. @param {CanvasRenderingContext2D} context @param {() => void} trace */
function strokeTwice(context, trace) {
  for (const { width, colour } of [{ width: 3, colour: 'rgb(0 0 0 / 60%)' }, { width: 1.5, colour: '#fff' }]) {
    context.beginPath();
    trace();
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }
}

/** @param {CanvasRenderingContext2D} context */
function drawCross(context) {
  strokeTwice(context, () => {
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(dx * 4, dy * 4);
      context.lineTo(dx * 14, dy * 14);
    }
  });
}

/** @param {CanvasRenderingContext2D} context @param {Ring | null} ring @param {Place} finger */
function drawRing(context, ring, finger) {
  if (!ring) return;
  const [x, y] = [ring.middle.x - finger.x, ring.middle.y - finger.y].map((away) => away * MAGNIFICATION);
  strokeTwice(context, () => context.arc(x, y, ring.radius * MAGNIFICATION, 0, 2 * Math.PI));
}
