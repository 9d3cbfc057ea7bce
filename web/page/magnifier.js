// What is under the finger, shown above it: a finger hides the very pixel that it chooses.
import { photos, store } from './app.js';
import { pixelAt } from './camera.js';
import { ringOf } from './rings.js';

/** Side in CSS pixels, as in styles/stage.css. */
const SIDE = 112;
const MAGNIFICATION = 2.5;
const ABOVE_FINGER = 72;

const canvas = document.querySelector('#magnifier');
let outline = { text: '', path: null };

/** @param {{ x: number, y: number } | null} place of the finger in the stage; null hides it */
export function magnify(place) {
  const { state } = store;
  const { camera, density, stage, pull, document: { photo } } = state;
  canvas.hidden = !place || !photos.shown || !pixelAt(camera, photo, place);
  if (canvas.hidden) return;
  canvas.width = canvas.height = Math.round(SIDE * density);
  const left = Math.min(Math.max(place.x - SIDE / 2, 4), stage.width - SIDE - 4);
  const above = place.y - ABOVE_FINGER - SIDE;
  // At the stage's upper edge there is room only beside the finger.
  const isBeside = above < 4;
  const beside = place.x > stage.width / 2 ? place.x - SIDE - 48 : place.x + 48;
  canvas.style.transform = `translate(${isBeside ? beside : left}px, ${isBeside ? 4 : above}px)`;
  const context = canvas.getContext('2d');
  const middle = canvas.width / 2;
  const scale = camera.scale * MAGNIFICATION * density;
  const [x, y] = [(place.x - camera.x) / camera.scale, (place.y - camera.y) / camera.scale];
  context.setTransform(scale, 0, 0, scale, middle - x * scale, middle - y * scale);
  context.drawImage(photos.shown, 0, 0, photo.width, photo.height);
  drawOutline(context, (pull?.isOn && state.preview?.path) || (state.mask?.path ?? ''), scale, density);
  context.setTransform(density, 0, 0, density, middle, middle);
  // A finger that pulls has the ring; one that places, the pixel.
  if (pull?.isOn) drawRing(context, ringOf(state), place);
  else drawCross(context);
}

function drawOutline(context, text, scale, density) {
  if (!text) return;
  if (text !== outline.text) outline = { text, path: new Path2D(text) };
  context.lineWidth = (1.5 * density) / scale;
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--accent');
  context.stroke(outline.path);
}

/** Two strokes of one path: light on dark, seen on every ground. */
function strokeTwice(context, trace) {
  for (const [width, colour] of [[3, 'rgb(0 0 0 / 60%)'], [1.5, '#fff']]) {
    context.beginPath();
    trace();
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }
}

function drawCross(context) {
  strokeTwice(context, () => {
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(dx * 4, dy * 4);
      context.lineTo(dx * 14, dy * 14);
    }
  });
}

function drawRing(context, ring, finger) {
  if (!ring) return;
  const [x, y] = [ring.middle.x - finger.x, ring.middle.y - finger.y].map((away) => away * MAGNIFICATION);
  strokeTwice(context, () => context.arc(x, y, ring.radius * MAGNIFICATION, 0, 2 * Math.PI));
}
