// The stops of a size, as the engine answered them, and the points that they are asked for: pure functions of the state.

/** @import { SizeStop } from '../maskov-web.js' */
/** @import { Point, State } from './store.js' */

/**
 * The question whose answer the stops are: a point's own size does not change them.
 * @param {State} state
 * @param {readonly Point[]} points
 * @param {number} index
 */
export function keyOfStops({ document: { photo } }, points, index) {
  const places = points.map(({ x, y, foreground, size }, i) => [x, y, foreground, i === index ? null : size]);
  return JSON.stringify([photo?.id, index, places]);
}

/**
 * The stops of a point, smallest first; none where they are not known.
 * @param {State} state
 * @param {readonly Point[]} points
 * @param {number} index
 * @returns {SizeStop[]}
 */
export function knownStops(state, points, index) {
  return state.stops?.key === keyOfStops(state, points, index) ? state.stops.list : [];
}

/**
 * The points that there are and one more, which takes the place of the one on its pixel.
 * @param {readonly Point[]} points
 * @param {Point} point
 * @returns {Point[]}
 */
export function withPoint(points, point) {
  return [...points.filter(({ x, y }) => x !== point.x || y !== point.y), point];
}
