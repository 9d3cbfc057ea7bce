// Where the photo lies in the viewport, and which of its pixels lies where: pure functions of a camera.

/**
 * @typedef {{ scale: number, x: number, y: number, isFitted: boolean }} Camera a photo pixel's CSS pixels, and the photo's
 *   corner in the viewport
 * @typedef {{ width: number, height: number }} Extent of the viewport in CSS pixels, of the photo in its own
 * @typedef {{ x: number, y: number }} Place in the viewport, in CSS pixels
 * @typedef {{ x: number, y: number }} Pixel of the photo
 * @typedef {{ viewport: Extent, photo: Extent }} View
 */

const MARGIN = 24;
/** Below this width the photo fills the viewport. */
const NARROW = 640;
/** Device pixels to a photo pixel, at most. */
const MAX_ZOOM = 32;

/** The whole photo in the middle of the viewport. @param {Extent} viewport @param {Extent | null} photo @returns {Camera} */
export function fitted(viewport, photo) {
  if (!photo || !viewport.width) return { scale: 1, x: 0, y: 0, isFitted: true };
  const margin = viewport.width > NARROW ? MARGIN : 0;
  const scale = Math.min((viewport.width - 2 * margin) / photo.width, (viewport.height - 2 * margin) / photo.height);
  return { scale, x: (viewport.width - photo.width * scale) / 2, y: (viewport.height - photo.height * scale) / 2, isFitted: true };
}

/**
 * The camera at another scale, the same photo pixel under `at` (CSS pixels in the viewport).
 * @param {Camera} camera
 * @param {number} scale
 * @param {Place} at
 * @param {View & { density: number }} view
 */
export function zoomed(camera, scale, at, { viewport, photo, density }) {
  const smallest = Math.min(fitted(viewport, photo).scale, 1 / density) / 4;
  const next = Math.min(Math.max(scale, smallest), MAX_ZOOM / density);
  const factor = next / camera.scale;
  return held({ scale: next, x: at.x - (at.x - camera.x) * factor, y: at.y - (at.y - camera.y) * factor, isFitted: false }, viewport, photo);
}

/** The camera moved by CSS pixels. @param {Camera} camera @param {number} dx @param {number} dy @param {View} view */
export function panned(camera, dx, dy, { viewport, photo }) {
  return held({ ...camera, x: camera.x + dx, y: camera.y + dy, isFitted: false }, viewport, photo);
}

/**
 * So that the photo cannot be lost: a part of it always stays in the viewport.
 * @param {Camera} camera
 * @param {Extent} viewport
 * @param {Extent} photo
 * @returns {Camera}
 */
function held(camera, viewport, photo) {
  const least = 48;
  /** @param {number} at @param {number} photoLength @param {number} stageLength */
  const within = (at, photoLength, stageLength) =>
    Math.min(Math.max(at, least - photoLength * camera.scale), stageLength - least);
  return { ...camera, x: within(camera.x, photo.width, viewport.width), y: within(camera.y, photo.height, viewport.height) };
}

/**
 * The photo's pixel below a place in the viewport, or null beside the photo.
 * @param {Camera} camera
 * @param {Extent | null} photo
 * @param {Place} place
 * @returns {Pixel | null}
 */
export function pixelAt(camera, photo, { x, y }) {
  if (!photo) return null;
  const column = Math.floor((x - camera.x) / camera.scale);
  const row = Math.floor((y - camera.y) / camera.scale);
  const isInside = column >= 0 && row >= 0 && column < photo.width && row < photo.height;
  return isInside ? { x: column, y: row } : null;
}

/** How far two places are apart. @param {Place} a @param {Place} b */
export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** The middle of a photo pixel in the viewport. @param {Camera} camera @param {Pixel} pixel @returns {Place} */
export function placeOf(camera, { x, y }) {
  return { x: camera.x + (x + 0.5) * camera.scale, y: camera.y + (y + 0.5) * camera.scale };
}
