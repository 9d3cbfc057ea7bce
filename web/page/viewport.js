// Shows the photo, the mask and the points. Zoom and pan are a transform of what is there; the outlines are vectors, so
// the browser keeps them sharp at every size, and their looks are CSS alone.
import { placeOf } from './camera.js';
import { find } from './elements.js';
import { percent } from './size.js';
import { changed } from './store.js';
import { element, set } from './svg.js';

/** @import { Extent, Place } from './camera.js' */
/** @import { State, Store } from './store.js' */

/** How long a new mask takes to appear, as in styles/viewport.css. */
const FADE_MS = 120;

/** How far lines may reach beyond the photo, in its pixels. */
const LINE_ROOM = 16;

/** @param {Store} store */
export function showViewport(store) {
  const [world, list, cursor] = [find('#world'), find('#points'), find('#cursor')];
  const [overlay, layers] = [find('#overlay', SVGSVGElement), find('#overlay-world', SVGGElement)];
  const preview = new PreviewLayer(layers);

  store.onFrame((state, before) => {
    if (changed(state, before, 'camera')) {
      const { scale, x, y } = state.camera;
      world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
      world.style.setProperty('--scale', String(scale));
      layers.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
      // From here on one sees pixels anyway: better crisp than blurred.
      world.classList.toggle('magnified', scale * state.density >= 4);
    }
    if (changed(state, before, 'density')) document.documentElement.style.setProperty('--device-px', `${1 / state.density}px`);
    if (changed(state, before, 'document', 'mask', 'kept')) preview.compareWith(keptOutline(state), state.document.photo);
    if (changed(state, before, 'mask')) {
      showMask(layers, state.mask, state.document.photo);
      overlay.dataset.points = String(state.mask?.points ?? 0);
      overlay.dataset.area = String(state.mask?.area ?? 0);
    }
    if (changed(state, before, 'preview')) {
      preview.show(state.preview?.path ?? '', state.document.photo);
      // What is pulled is seen as the mask that it will be, in the place of the one that is.
      overlay.classList.toggle('live', Boolean(state.preview?.isLive));
      overlay.dataset.live = state.preview?.isLive ? String(state.preview.area) : '';
      overlay.dataset.preview = String(state.preview?.serial ?? '');
    }
    if (changed(state, before, 'document', 'camera', 'drag', 'pull')) showPoints(list, state);
    if (changed(state, before, 'cursor', 'camera')) placeAt(cursor, state.cursor && placeOf(state.camera, state.cursor));
    if (changed(state, before, 'hidesAll')) find('#viewport').classList.toggle('alone', state.hidesAll);
  });
}

/**
 * The new mask appears over the old one, which goes only then: there is never a frame without.
 * @param {SVGGElement} layers
 * @param {State['mask']} mask
 * @param {Extent | null} photo
 */
function showMask(layers, mask, photo) {
  for (const old of layers.querySelectorAll('.mask')) {
    old.classList.replace('mask', 'leaving');
    setTimeout(() => old.remove(), FADE_MS);
  }
  if (!mask?.path || !photo) return;
  const lines = ['hairline', 'contour'].map((name) => element('path', { class: name, d: mask.path }));
  // The preview lies between the two: of its outline one sees what is not the mask's as well.
  layers.prepend(element('path', { class: 'mask veil', d: outsideOf(mask.path, photo) }));
  layers.append(element('g', { class: 'mask' }, ...lines));
}

/** What a preview is compared with: the mask that is kept, as a preview draws it once that is known. @param {State} state */
function keptOutline({ mask, kept }) {
  return mask && mask.revision === kept?.revision ? kept.path : (mask?.path ?? '');
}

/**
 * The paths of the preview stay: a new outline for every move of the pointer. What it would add to the mask that is kept is
 * tinted, what it would take away steps back, and the rest of the mask stays as it is.
 */
class PreviewLayer {
  #veil = element('path', { class: 'veil', 'clip-path': 'url(#kept-inside)' });
  #tint = element('path', { class: 'tint', 'clip-path': 'url(#kept-outside)' });
  #lines = ['hairline', 'dashes'].map((name) => element('path', { class: name }));
  #inside = element('path');
  #outside = element('path');
  #around = element('rect', { x: -LINE_ROOM, y: -LINE_ROOM, fill: '#fff' });
  #edge = element('path', { class: 'edge' });
  #away = element('mask', { id: 'kept-away', maskUnits: 'userSpaceOnUse', x: -LINE_ROOM, y: -LINE_ROOM }, this.#around, this.#edge);

  /** @param {SVGGElement} layers */
  constructor(layers) {
    const inside = element('clipPath', { id: 'kept-inside' }, this.#inside);
    const outside = element('clipPath', { id: 'kept-outside' }, this.#outside);
    const lines = element('g', { class: 'lines', mask: 'url(#kept-away)' }, ...this.#lines);
    layers.append(element('g', { class: 'preview' }, inside, outside, this.#away, this.#veil, this.#tint, lines));
  }

  /** @param {string} kept outline of the mask beside which the preview is seen, empty without one @param {Extent | null} photo */
  compareWith(kept, photo) {
    if (!photo) return;
    for (const node of [this.#away, this.#around]) set(node, { width: photo.width + 2 * LINE_ROOM, height: photo.height + 2 * LINE_ROOM });
    for (const path of [this.#inside, this.#edge]) set(path, { d: kept });
    set(this.#outside, { d: outsideOf(kept, photo) });
  }

  /** @param {string} path @param {Extent | null} photo */
  show(path, photo) {
    for (const shape of [this.#tint, ...this.#lines]) set(shape, { d: path });
    set(this.#veil, { d: path && photo ? outsideOf(path, photo) : '' });
  }
}

/** Everything of the photo but what lies in a path. @param {string} path @param {Extent} photo */
const outsideOf = (path, { width, height }) => `M0 0H${width}V${height}H0Z${path}`;

/**
 * Points are buttons: reached by Tab, named for a screen reader. They are kept, so that one that has the focus keeps it.
 * @param {HTMLElement} list
 * @param {State} state
 */
function showPoints(list, { document: { points: kept }, camera, drag, pull }) {
  // What is pressed is seen at once.
  const points = pull && !pull.isAim && pull.index >= kept.length ? [...kept, pull] : kept;
  while (list.children.length > points.length) list.lastElementChild?.remove();
  while (list.children.length < points.length) list.append(pointItem());
  const items = list.querySelectorAll('li');
  points.forEach((point, index) => {
    const [button] = items[index].querySelectorAll('button');
    const isMoved = drag?.index === index;
    const at = isMoved ? drag : point;
    button.className = `point ${point.foreground ? 'add' : 'remove'}${isMoved ? ' moved' : ''}`;
    const size = point.size === null ? '' : `, ${percent(point.size)} of the photo`;
    button.ariaLabel = `${point.foreground ? 'Add' : 'Leave out'} at ${at.x}, ${at.y}${size}`;
    Object.assign(button.dataset, { index, x: at.x, y: at.y, kind: point.foreground ? 'add' : 'remove', size: point.size ?? '' });
    placeAt(items[index], placeOf(camera, at));
  });
}

function pointItem() {
  const item = document.createElement('li');
  const [button, grip] = [0, 1].map(() => Object.assign(document.createElement('button'), { type: 'button' }));
  // What it says and where it is, page/ring.js knows.
  Object.assign(grip, { className: 'grip', hidden: true, title: 'Pull to grow or shrink. Double-click: automatic again. Keys: , and .' });
  item.append(button, grip);
  return item;
}

/** @param {HTMLElement} node @param {Place | null} place */
function placeAt(node, place) {
  node.hidden = !place;
  if (place) node.style.transform = `translate(${place.x}px, ${place.y}px)`;
}

/** The box around the object of the mask that is seen, in pixels of the photo. */
export function objectBox() {
  const { x, y, width, height } = find('.mask .contour', SVGPathElement).getBBox();
  return { x, y, width, height };
}
