// Which ring is seen and where: pure functions of the state. A ring is a point's size made visible, in CSS pixels of the viewport.
import { distance, placeOf } from './camera.js';
import { radiusOf } from './size.js';

/** @import { Pixel, Place } from './camera.js' */
/** @import { State } from './store.js' */

/** A smaller ring than this would hide behind its point and could not be grabbed. */
const LEAST_RADIUS = 22;
/** How near to the line a mouse has it. */
const LINE_REACH = 7;
/** How near to the grip a mouse and a finger have it. */
const GRIP_REACH = 12;
const FINGER_REACH = 24;
/** Nearer than this, it is the point that is meant. */
const POINT_REACH = 14;
/** A ring stays while the pointer is within it, or this near to it. */
const LINGER = 28;
/** So much of the grip has to be seen. */
const GRIP_MARGIN = 14;
/** Where the grip may be when it cannot be where it was left. */
const ANGLES = [-1, -3, 1, 3, 0, 4, -2, 2].map((eighths) => (eighths * Math.PI) / 4);

/**
 * @typedef {object} Ring
 * @property {number} index of its point, -1 where the point is not kept yet
 * @property {Place} middle
 * @property {number} radius
 * @property {number | null} size null for the automatic one
 * @property {number} taken the share of the photo that it stands for
 * @property {number | null} angle where the grip is; null where there is none
 */

/** The share of the photo that a point takes, as far as it is known. @param {State} state @param {number} index */
export function takenBy({ document: { points }, mask }, index) {
  const point = points[index];
  return point ? (point.size ?? mask?.taken[`${point.x},${point.y}`] ?? null) : null;
}

/** The one ring that is seen, if any: what is pulled, else the chosen point's, else that of a size chosen before the click. @param {State} state @returns {Ring | null} */
export function ringOf(state) {
  const { pull, chosen, aim, camera, document: { photo, points }, drag } = state;
  if (!photo) return null;
  /** @param {number} index @param {Pixel} pixel @param {number | null} size @param {number} taken @returns {Ring} */
  const ring = (index, pixel, size, taken) => {
    const middle = placeOf(camera, pixel);
    return { index, middle, size, taken, radius: radiusOf(taken, photo) * camera.scale, angle: null };
  };
  if (pull?.isOn && pull.taken) {
    const pulled = ring(points[pull.index] ? pull.index : -1, pull, pull.size, pull.taken);
    return { ...pulled, angle: pull.by === 'hand' ? pull.angle : gripAngle(state, pulled) };
  }
  const taken = takenBy(state, chosen);
  if (taken !== null) {
    const kept = ring(chosen, drag?.index === chosen ? drag : points[chosen], points[chosen].size, taken);
    kept.radius = Math.max(kept.radius, LEAST_RADIUS);
    return { ...kept, angle: gripAngle(state, kept) };
  }
  return aim?.choice ? ring(-1, aim, aim.choice.size, aim.choice.taken) : null;
}

/**
 * A place on a ring, or on the ray through it at another radius.
 * @param {Pick<Ring, 'middle' | 'radius'>} ring
 * @param {number} angle
 * @returns {Place}
 */
export function onRay({ middle, radius }, angle, at = radius) {
  return { x: middle.x + at * Math.cos(angle), y: middle.y + at * Math.sin(angle) };
}

/** Where the grip was left, if it is seen there. @param {State} state @param {Ring} ring */
function gripAngle({ angle, viewport }, ring) {
  /** @param {number} at */
  const isSeen = (at) => {
    const { x, y } = onRay(ring, at);
    return x > GRIP_MARGIN && y > GRIP_MARGIN && x < viewport.width - GRIP_MARGIN && y < viewport.height - GRIP_MARGIN;
  };
  return [angle, ...ANGLES].find(isSeen) ?? null;
}

/** The point whose ring lies at a place, -1 for none. @param {State} state @param {Place} place @param {boolean} isTouch */
export function ringAt(state, place, isTouch) {
  const ring = ringOf(state);
  if (!ring || ring.index < 0) return -1;
  const away = distance(place, ring.middle);
  if (away < POINT_REACH) return -1;
  // A finger covers so much that the whole line would be in the way of other points.
  if (!isTouch && Math.abs(away - ring.radius) <= LINE_REACH) return ring.index;
  if (ring.angle === null) return -1;
  return distance(place, onRay(ring, ring.angle)) <= (isTouch ? FINGER_REACH : GRIP_REACH) ? ring.index : -1;
}

/** Whether a place is within the ring that is seen, or near it. @param {State} state @param {Place} place */
export function isWithinRing(state, place) {
  const ring = ringOf(state);
  return ring !== null && distance(place, ring.middle) <= ring.radius + LINGER;
}
