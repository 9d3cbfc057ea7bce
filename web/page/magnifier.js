// What is under the finger, shown above it: a finger hides the very pixel that it chooses.
import { pixelAt } from './camera.js';

/** Side in CSS pixels, as in styles/stage.css. */
const SIDE = 112;
const MAGNIFICATION = 2.5;
const ABOVE_FINGER = 72;

const canvas = document.querySelector('#magnifier');
let outline = { text: '', path: null };

/**
 * @param {import('./store.js').State} state
 * @param {HTMLImageElement} picture
 * @param {{ x: number, y: number } | null} place of the finger in the stage; null hides it
 */
export function showMagnifier(state, picture, place) {
  const { camera, density, stage, document: { photo } } = state;
  canvas.hidden = !place || !pixelAt(camera, photo, place);
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
  context.drawImage(picture, 0, 0, photo.width, photo.height);
  drawOutline(context, state.mask?.path ?? '', scale, density);
  context.setTransform(density, 0, 0, density, middle, middle);
  drawCross(context);
}

function drawOutline(context, text, scale, density) {
  if (!text) return;
  if (text !== outline.text) outline = { text, path: new Path2D(text) };
  context.lineWidth = (1.5 * density) / scale;
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--accent');
  context.stroke(outline.path);
}

function drawCross(context) {
  for (const [width, colour] of [[3, 'rgb(0 0 0 / 60%)'], [1, '#fff']]) {
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(dx * 4, dy * 4);
      context.lineTo(dx * 14, dy * 14);
    }
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }
}
