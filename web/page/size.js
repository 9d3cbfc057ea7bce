// Sizes of points: pure functions. A size is a share of the photo; its ring is the circle that covers that share.

/** What a size may be, as crates/document and the engine have it. */
const SMALLEST = 0.001;
const LARGEST = 0.9;
/** Two sizes nearer than this factor are the same: the document keeps 32-bit numbers. */
const SAME = 1.0005;

/** @import { SizeStop } from '../maskov-web.js' */
/** @import { Extent } from './camera.js' */

/** @param {number} size */
export const clampedSize = (size) => Math.min(Math.max(size, SMALLEST), LARGEST);

/** Radius of a size's ring, in photo pixels. @param {number} size @param {Extent} photo */
export const radiusOf = (size, { width, height }) => Math.sqrt((size * width * height) / Math.PI);

/** The size whose ring has this radius, clamped. @param {number} radius @param {Extent} photo */
export const sizeOfRadius = (radius, { width, height }) => clampedSize((Math.PI * radius * radius) / (width * height));

/** @param {number} a @param {number} b */
const isSame = (a, b) => a < b * SAME && b < a * SAME;

/**
 * The stop that a size is at: its place among the stops, -1 beside them.
 * @param {SizeStop[]} stops
 * @param {number | null} size null for the automatic one
 */
export function stopOf(stops, size) {
  return stops.findIndex((stop) => (size === null ? stop.isAutomatic : isSame(stop.size, size)));
}

/**
 * The next stop above (1) or below (-1) a size, or none.
 * @param {SizeStop[]} stops smallest first
 * @param {number} size
 * @param {number} direction
 */
export function nextStop(stops, size, direction) {
  if (direction > 0) return stops.find((stop) => stop.size > size * SAME);
  return stops.findLast((stop) => stop.size * SAME < size);
}

/** "12 %"; below one, with a decimal. @param {number} share */
export function percent(share) {
  const hundredths = 100 * share;
  return `${hundredths > 0 && hundredths < 0.95 ? hundredths.toFixed(1) : Math.round(hundredths)} %`;
}

/** ", size 3 of 4" where the size is at a stop. @param {SizeStop[]} stops @param {number | null} size */
export function ofStops(stops, size) {
  const at = stopOf(stops, size);
  return at < 0 ? '' : `, size ${at + 1} of ${stops.length}`;
}
