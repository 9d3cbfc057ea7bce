// Draws the ring of a size: the circle with the stops on the ray through its grip, the grip itself, and its size in words.
import { find } from './elements.js';
import { onRay, ringOf } from './rings.js';
import { ofStops, percent, radiusOf, stopOf } from './size.js';
import { knownStops, withPoint } from './stops.js';
import { changed } from './store.js';
import { element, set } from './svg.js';

/** @import { SizeStop } from '../maskov-web.js' */
/** @import { Place } from './camera.js' */
/** @import { Ring } from './rings.js' */
/** @import { State, Store } from './store.js' */

/** How far the words are from the line and from the ray of the stops, in CSS pixels. */
const WORDS_GAP = 10;
/** How far the words stay from the viewport's edges. */
const WORDS_MARGIN = 6;
/** Where the ray of the stops leaves the point. */
const POINT_RADIUS = 9;
/** How near two stops may be drawn. */
const LEAST_GAP = 7;

/** @param {Store} store */
export function showRing(store) {
  const viewport = find('#viewport');
  const words = find('#size-words');
  const drawing = new Drawing(find('#overlay', SVGSVGElement));
  store.onFrame((state, before) => {
    if (!changed(state, before, 'document', 'camera', 'viewport', 'mask', 'drag', 'aim', 'pull', 'stops', 'chosen', 'isRingHot', 'angle', 'hidesAll')) return;
    const ring = ringOf(state);
    const stops = ring ? stopsOf(state, ring) : [];
    const isHot = Boolean(state.pull?.isOn) || state.isRingHot;
    drawing.show(ring, state, stops, isHot);
    showGrips(ring, state, stops);
    viewport.dataset.ring = ring && isHot && ring.angle !== null ? cursorAt(ring.angle) : '';
    showWords(words, ring && speaks(state, isHot) ? ring : null, state, stops);
  });
}

/**
 * Whether the size is told in words too: while one reaches for it, and after it was changed.
 * @param {State} state
 * @param {boolean} isHot
 */
function speaks({ aim, resized, document }, isHot) {
  return isHot || Boolean(aim?.choice) || (resized.word !== '' && resized.revision === document.revision);
}

/** The stops of a ring, as far as they are known. @param {State} state @param {Ring} ring */
function stopsOf(state, { index }) {
  const { document: { points }, pull, aim } = state;
  if (index >= 0) return knownStops(state, points, index);
  const pointed = pull ?? aim;
  if (!pointed) return [];
  const { x, y, foreground } = pointed;
  const aimed = withPoint(points, { x, y, foreground, size: null });
  return knownStops(state, aimed, aimed.length - 1);
}

/** The circle, and the stops as dots on the ray from the point through the grip; the automatic one is a square on its corner. */
class Drawing {
  #circles = ['halo', 'rim'].map((name) => element('circle', { class: name }));
  #ray = element('path', { class: 'ray' });
  #stops = element('g');
  #group = element('g', { id: 'ring' }, this.#ray, ...this.#circles, this.#stops);

  /** @param {SVGSVGElement} overlay */
  constructor(overlay) {
    overlay.append(this.#group);
  }

  /** @param {Ring | null} ring @param {State} state @param {SizeStop[]} stops @param {boolean} isHot */
  show(ring, { document: { photo }, camera }, stops, isHot) {
    const group = this.#group;
    group.classList.toggle('seen', Boolean(ring));
    group.classList.toggle('hot', isHot);
    if (!ring || !photo) return;
    Object.assign(group.dataset, { point: ring.index, size: ring.size ?? '', taken: ring.taken, radius: ring.radius });
    for (const circle of this.#circles) set(circle, { cx: ring.middle.x, cy: ring.middle.y, r: ring.radius });
    const seen = isHot && ring.angle !== null ? stops : [];
    const angle = ring.angle ?? 0;
    let last = 0;
    const marks = seen.flatMap((stop) => {
      const at = radiusOf(stop.size, photo) * camera.scale;
      if (at - last < LEAST_GAP) return [];
      last = at;
      return [mark(onRay(ring, angle, at), stop)];
    });
    this.#stops.replaceChildren(...marks);
    const [from, to] = [POINT_RADIUS, last].map((at) => onRay(ring, angle, at));
    this.#ray.setAttribute('d', marks.length ? `M${from.x} ${from.y}L${to.x} ${to.y}` : '');
  }
}

/** @param {Place} place @param {SizeStop} stop */
function mark({ x, y }, { isAutomatic }) {
  if (!isAutomatic) return element('circle', { class: 'stop', cx: x, cy: y, r: 3 });
  return element('path', { class: 'stop automatic', d: `M${x} ${y - 5}l5 5-5 5-5-5Z` });
}

/**
 * Every point has a grip behind it in the order of Tab; that of the ring is seen.
 * @param {Ring | null} ring
 * @param {State} state
 * @param {SizeStop[]} stops
 */
function showGrips(ring, state, stops) {
  /** @type {NodeListOf<HTMLElement>} */
  const grips = document.querySelectorAll('#points .grip');
  for (const [index, grip] of grips.entries()) {
    const angle = ring?.index === index ? ring.angle : null;
    grip.hidden = angle === null;
    if (!ring || angle === null) continue;
    const { x, y } = onRay({ middle: { x: 0, y: 0 }, radius: ring.radius }, angle);
    grip.style.transform = `translate(${x}px, ${y}px) rotate(${angle}rad)`;
    grip.ariaLabel = `Size: ${sizeInWords(ring, stops)}`;
    grip.dataset.taken = String(ring.taken);
    grip.classList.toggle('pulled', Boolean(state.pull?.isOn));
  }
}

/** "12 % of the photo, size 3 of 4"; an automatic one says so. @param {Ring} ring @param {SizeStop[]} stops */
function sizeInWords({ size, taken }, stops) {
  return `${percent(taken)} of the photo${size === null ? ', automatic' : ''}${ofStops(stops, size)}`;
}

/**
 * Outside the ring and beside the ray, where the hand is and no stop is covered; opposite of a finger, which would hide them.
 * @param {HTMLElement} words
 * @param {Ring | null} ring
 * @param {State} state
 * @param {SizeStop[]} stops
 */
function showWords(words, ring, { pull, viewport, angle }, stops) {
  words.hidden = !ring;
  if (!ring) return;
  const { size, taken } = ring;
  const at = stopOf(stops, size);
  const place = at < 0 || size === null ? '' : ` · ${at + 1} of ${stops.length}`;
  words.textContent = `${size === null ? 'Automatic · ' : ''}${percent(taken)}${place}`;
  const side = (ring.angle ?? angle) + (pull?.isTouch ? Math.PI : 0);
  const [along, up] = [Math.cos(side), Math.sin(side)];
  const [width, height] = [words.offsetWidth / 2, words.offsetHeight / 2];
  const { x, y } = onRay(ring, side, ring.radius + Math.abs(along) * width + Math.abs(up) * height + WORDS_GAP);
  // To the upper side of the ray.
  const aside = (Math.abs(up) * width + Math.abs(along) * height + WORDS_GAP) * (along < 0 ? -1 : 1);
  /** @param {number} at @param {number} half @param {number} length */
  const within = (at, half, length) => Math.min(Math.max(at, half + WORDS_MARGIN), length - half - WORDS_MARGIN);
  const left = within(x + up * aside, width, viewport.width);
  const top = within(y - along * aside, height, viewport.height);
  words.style.transform = `translate(${left}px, ${top}px) translate(-50%, -50%)`;
}

/** The cursor that points away from the middle. @param {number} angle of the ray to it */
const cursorAt = (angle) => ['ew', 'nwse', 'ns', 'nesw'][(Math.round((4 * angle) / Math.PI) + 8) % 4];
