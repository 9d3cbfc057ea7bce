// Everything around the photo: bars, hints, cards, the notice and what a screen reader is told. Rendered from the state.
import { cpuReason, cpuSetting } from './device_words.js';
import { find } from './elements.js';
import { ofStops, percent } from './size.js';
import { knownStops } from './stops.js';
import { changed, phaseOf } from './store.js';

/** @import { Stage, Told, Work } from './engine.js' */
/** @import { Notice, State, Store } from './store.js' */

const PANELS = ['export', 'cpu', 'how', 'privacy'];

/** @param {Store} store */
export function showPanels(store) {
  store.onFrame((state, before) => {
    document.body.dataset.state = phaseOf(state);
    showWork(state);
    if (changed(state, before, 'document', 'mask', 'encoded')) showDocument(state);
    if (changed(state, before, 'camera', 'density')) find('#zoom').textContent = `${Math.round(state.camera.scale * state.density * 100)} %`;
    if (changed(state, before, 'engine', 'isOnline')) showEngine(state);
    if (changed(state, before, 'detail')) showPressed({ fast: state.detail === 'fast', fine: state.detail === 'fine' });
    if (changed(state, before, 'tapRemoves')) showPressed({ 'tap-adds': !state.tapRemoves, 'tap-removes': state.tapRemoves });
    if (changed(state, before, 'panel')) showPanel(state.panel, before?.panel);
    if (changed(state, before, 'notice')) showNotice(state.notice);
    find('#empty').hidden = phaseOf(state) !== 'empty';
    showHint(state);
    if (changed(state, before, 'mask', 'document', 'told')) announce(state, before);
  });
}

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** "0.42 s": what somebody waits for; less than a hundredth reads as that. @param {number} milliseconds */
export function seconds(milliseconds) {
  return `${Math.max(milliseconds / 1000, 0.01).toFixed(milliseconds < 9995 ? 2 : 1)} s`;
}

/** @type {Record<Stage, (work: Work) => string>} */
const WORK_TEXTS = {
  starting: () => 'Starting the engine…',
  decoding: () => 'Opening the photo…',
  loading({ done, total, stored }) {
    if (done && done === total) return 'Preparing the model…';
    const place = stored ? 'Reading the model from this machine' : 'Loading the model';
    return total ? `${place} · ${megabytes(done)} of ${megabytes(total)} MB` : `${place}…`;
  },
  encoding: ({ done, total }) => (total ? `Reading the photo · ${Math.round(done)} %` : 'Reading the photo…'),
  segmenting: () => 'Finding the mask…',
  exporting: () => 'Writing the file…',
};

/** One line says what goes on, or what was done last; a thin one below the bar says how far it is. @param {State} state */
function showWork({ work, done, notice }) {
  const status = find('#status');
  status.dataset.state = work ? 'busy' : notice?.isError ? 'error' : 'ready';
  const text = work ? WORK_TEXTS[work.stage](work) : done;
  if (status.textContent !== text) status.textContent = text;
  const line = find('#progress');
  line.hidden = !work?.total;
  const share = work?.total ? work.done / work.total : 0;
  line.style.transform = `scaleX(${share})`;
  line.ariaValueNow = String(Math.round(share * 100));
  find('[data-do="cancel"]').hidden = work?.stage !== 'loading' && work?.stage !== 'encoding';
}

/** @param {State} state */
function showDocument({ document: { photo, points, canUndo, canRedo }, mask }) {
  const named = photo ? [photo.name, Object.assign(node('span', ` · ${photo.width} × ${photo.height}`), { className: 'wide' })] : [];
  find('#file').replaceChildren(...named);
  enable('undo', canUndo);
  enable('redo', canRedo);
  for (const name of ['zoom-in', 'zoom-out', 'fit']) enable(name, Boolean(photo));
  for (const name of ['export', 'save-mask', 'save-cutout', 'copy']) enable(name, Boolean(mask?.path) && points.length > 0);
}

/** @param {string} name @param {boolean} isEnabled */
function enable(name, isEnabled) {
  /** @type {NodeListOf<HTMLButtonElement>} */
  const buttons = document.querySelectorAll(`[data-do="${name}"]`);
  for (const button of buttons) button.disabled = !isEnabled;
}

/** @param {Record<string, boolean>} pressed */
function showPressed(pressed) {
  for (const [name, isPressed] of Object.entries(pressed)) find(`[data-do="${name}"]`).ariaPressed = String(isPressed);
}

/** Where it runs, and that nothing leaves: the one line of trust. @param {State} state */
function showEngine({ engine, isOnline }) {
  const button = find('#device');
  const isCpu = engine?.device.kind === 'cpu';
  button.replaceChildren(...promise(engine, isCpu));
  button.ariaLabel = isCpu ? 'Runs on the CPU. Nothing leaves this machine. Why?' : button.textContent;
  button.setAttribute('aria-controls', isCpu ? 'cpu' : 'privacy');
  const network = find('#network');
  network.hidden = isOnline;
  network.textContent = engine ? 'Offline. Everything goes on.' : 'Offline.';
  find('#grid').textContent = engine ? `${engine.resolution} × ${engine.resolution}` : '';
  find('#detail').hidden = engine?.device.kind !== 'gpu';
  if (engine) {
    find('#cpu-reason').textContent = cpuReason(engine.device);
    find('#cpu-setting').textContent = cpuSetting(engine.device);
    find('#privacy-text').textContent = privacyText(engine);
  }
}

/** @param {Told | null} engine @param {boolean} isCpu */
function promise(engine, isCpu) {
  if (!engine) return ['Nothing leaves this machine'];
  const where = node('b', isCpu ? 'CPU' : engine.device.name);
  return isCpu ? [where, ' · nothing leaves this machine'] : ['Runs on your ', where, ' · nothing leaves this machine'];
}

/** @param {Told} engine */
function privacyText({ device, isStored }) {
  const kept = isStored ? 'The model is kept in this browser, so the next visit needs no download.' : 'This browser does not keep the model, so the next visit loads it again.';
  return `The photo is read and cut out by your ${device.name}, inside this page. The page may talk to no other place than the one it came from. ${kept}`;
}

/** @param {State['panel']} panel @param {State['panel']} [former] */
function showPanel(panel, former) {
  for (const name of PANELS) find(`#${name}`).hidden = name !== panel;
  for (const button of document.querySelectorAll('[aria-controls]')) {
    if (button.ariaExpanded !== null) button.ariaExpanded = String(button.getAttribute('aria-controls') === panel);
  }
  if (panel !== 'none') find(`#${panel} button`).focus();
  else if (former && former !== 'none') find('#viewport').focus();
}

/** One sentence, and the one button that does the next step, where there is one. @param {Notice | null} notice */
function showNotice(notice) {
  const card = find('#notice');
  card.hidden = !notice;
  if (!notice) return;
  const button = find('#notice .primary');
  find('#notice p').textContent = notice.sentence;
  button.hidden = !notice.label;
  button.textContent = notice.label ?? '';
  button.onclick = notice.run ?? null;
}

/** The hint of the moment, each gone once it was followed: what stands out, and the rest, keys between backquotes. @param {State} state */
function showHint({ hasClicked, document: { photo, points }, preview, encoded, panel, pull, drag }) {
  const hint = find('#hint');
  const isTouch = matchMedia('(hover: none)').matches;
  /** @type {[string, string] | null} */
  let parts = null;
  if (photo && !hasClicked) {
    if (isTouch) parts = ['Tap a thing. Pull to grow it.', ' Open your own photo above.'];
    else parts = ['Click a thing. Pull to grow it.', preview ? ' Right-click leaves something out.' : ' Drop your own photo anywhere.'];
  } else if (points.length === 1 && points[0].size === null && encoded) {
    const ring = 'Pull the ring to grow or shrink it.';
    // Whoever pulls at the point and waits for it to grow is told now.
    if (drag) parts = ['This moves the point.', ` ${ring}`];
    else if (isTouch) parts = [ring, ' Tap the point to delete it.'];
    else parts = ['Pull the ring', ' or press `,` `.` to grow or shrink it. Click the point to delete it. `?` lists all keys.'];
  }
  // What is being pulled is looked at, not read about.
  if (pull?.isOn) parts = null;
  hint.hidden = !parts || panel !== 'none';
  if (!parts || hint.textContent === parts.join('').replaceAll('`', '')) return;
  const [strong, rest] = parts;
  hint.replaceChildren(node('b', strong), ...rest.split('`').map((text, i) => (i % 2 ? node('kbd', text) : text)));
}

/** @param {string} name @param {string} textContent */
const node = (name, textContent) => Object.assign(document.createElement(name), { textContent });

/** What changed, for whoever cannot see it. @param {State} state @param {State | null} before */
function announce(state, before) {
  const { mask, document: { points }, told } = state;
  const announcer = find('#announcer');
  if (mask && mask !== before?.mask && points.length) announcer.textContent = maskInWords(state, mask.area);
  else if (before?.document.points.length && !points.length) announcer.textContent = 'No points';
  else if (told !== before?.told) announcer.textContent = told.text;
}

/**
 * "Mask updated, 12 % of the photo", or what became of a size: "Larger, 12 % of the photo, size 3 of 4."
 * @param {State} state
 * @param {number} area
 */
function maskInWords(state, area) {
  const { document: { points, revision }, resized: { index, word, revision: edit } } = state;
  if (!word || edit !== revision || !points[index]) return `Mask updated, ${percent(area)} of the photo`;
  return `${word}, ${percent(area)} of the photo${ofStops(knownStops(state, points, index), points[index].size)}.`;
}
