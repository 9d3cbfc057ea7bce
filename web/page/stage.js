// Shows the photo, the mask and the points. Zoom and pan are a transform of what is there; the outlines are vectors, so
// the browser keeps them sharp at every size, and their looks are CSS alone.
import { placeOf } from './camera.js';
import { percent } from './size.js';
import { changed } from './store.js';

const SVG = 'http://www.w3.org/2000/svg';
/** How long a new mask takes to appear, as in styles/stage.css. */
const FADE_MS = 120;

const find = (selector) => document.querySelector(selector);

/** @param {import('./store.js').Store} store */
export function showStage(store) {
  const [world, overlay, layers, list, cursor] = ['#world', '#overlay', '#overlay-world', '#points', '#cursor'].map(find);
  const preview = new PreviewLayer(layers);

  store.onFrame((state, before) => {
    if (changed(state, before, 'camera')) {
      const { scale, x, y } = state.camera;
      world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
      layers.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
      // From here on one sees pixels anyway: better crisp than blurred.
      world.classList.toggle('magnified', scale * state.density >= 4);
    }
    if (changed(state, before, 'density')) document.documentElement.style.setProperty('--device-px', `${1 / state.density}px`);
    if (changed(state, before, 'mask')) {
      showMask(layers, state.mask, state.document.photo);
      overlay.dataset.points = String(state.mask?.points ?? 0);
      overlay.dataset.area = String(state.mask?.area ?? 0);
    }
    if (changed(state, before, 'preview')) {
      preview.show(state.preview?.path ?? '', state.document.photo);
      // What is pulled is seen as the mask that it will be, in the place of the one that is.
      const isLive = Boolean(state.preview?.isLive);
      overlay.classList.toggle('live', isLive);
      overlay.dataset.live = isLive ? String(state.preview.area) : '';
      overlay.dataset.preview = String(state.preview?.serial ?? '');
    }
    if (changed(state, before, 'document', 'camera', 'drag', 'pull')) showPoints(list, state);
    if (changed(state, before, 'cursor', 'camera')) placeAt(cursor, state.cursor && placeOf(state.camera, state.cursor));
    if (changed(state, before, 'hidesAll')) find('#stage').classList.toggle('alone', state.hidesAll);
  });
}

/** The new mask appears over the old one, which goes only then: there is never a frame without. */
function showMask(layers, mask, photo) {
  for (const old of layers.querySelectorAll('.mask')) {
    old.classList.replace('mask', 'leaving');
    setTimeout(() => old.remove(), FADE_MS);
  }
  if (!mask?.path) return;
  const group = element('g', { class: 'mask' });
  group.append(
    element('path', { class: 'veil', d: outsideOf(mask.path, photo) }),
    element('path', { class: 'hairline', d: mask.path }),
    element('path', { class: 'contour', d: mask.path }),
  );
  layers.prepend(group);
}

/** The paths of the preview stay: a new outline for every move of the pointer. */
class PreviewLayer {
  #group = element('g', { class: 'preview' });
  #veil = element('path', { class: 'veil' });
  #paths = ['tint', 'hairline', 'dashes'].map((name) => element('path', { class: name }));

  constructor(layers) {
    this.#group.append(this.#veil, ...this.#paths);
    layers.append(this.#group);
  }

  show(path, photo) {
    for (const shape of this.#paths) shape.setAttribute('d', path);
    this.#veil.setAttribute('d', path && outsideOf(path, photo));
  }
}

/** Everything of the photo but what lies in a path. */
const outsideOf = (path, { width, height }) => `M0 0H${width}V${height}H0Z${path}`;

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Points are buttons: reached by Tab, named for a screen reader. They are kept, so that one that has the focus keeps it. */
function showPoints(list, { document: { points: kept }, camera, drag, pull }) {
  // What is pressed is seen at once.
  const points = pull && !pull.isAim && pull.index >= kept.length ? [...kept, pull] : kept;
  while (list.children.length > points.length) list.lastElementChild.remove();
  while (list.children.length < points.length) list.append(pointItem());
  points.forEach((point, index) => {
    const button = list.children[index].firstElementChild;
    const isMoved = drag?.index === index;
    const at = isMoved ? drag : point;
    button.className = `point ${point.foreground ? 'add' : 'remove'}${isMoved ? ' moved' : ''}`;
    const size = point.size === null ? '' : `, ${percent(point.size)} of the photo`;
    button.ariaLabel = `${point.foreground ? 'Add' : 'Leave out'} at ${at.x}, ${at.y}${size}`;
    Object.assign(button.dataset, { index, x: at.x, y: at.y, kind: point.foreground ? 'add' : 'remove', size: point.size ?? '' });
    placeAt(list.children[index], placeOf(camera, at));
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

function placeAt(node, place) {
  node.hidden = !place;
  if (place) node.style.transform = `translate(${place.x}px, ${place.y}px)`;
}

/** How much of the photo lies around the object of the mask that is seen, on each side. */
export function spaceAround({ width, height }) {
  const { x, y, width: across, height: down } = find('.mask .contour').getBBox();
  const share = (length, whole) => `${Math.max(0, (100 * length) / whole)}%`;
  return {
    top: share(y, height),
    right: share(width - x - across, width),
    bottom: share(height - y - down, height),
    left: share(x, width),
  };
}
