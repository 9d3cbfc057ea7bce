// The page: what a person does becomes requests to the engine, and the engine's events become what is seen.
//
// Address parameters, for tests and the curious: ?device=auto|gpu|cpu (gpu takes a software adapter too) and
// ?resolution=16|32|… (the attention's R; the model's own where it is not given).
import { Engine } from './page/engine.js';
import { STEP_LABELS, explain } from './page/errors.js';
import { chooseFile, listenForFiles } from './page/intake.js';
import { Points } from './page/points.js';
import { savePng, savedName } from './page/save.js';
import { hideNotice, seconds, showDevice, showNotice, showRest, showStopped, showWork } from './page/status.js';
import { View } from './page/view.js';

const SAMPLE = './sample/still_life.jpg';
/** Above this a file is a film or an archive, and reading it whole would take all memory. */
const MAX_FILE_BYTES = 500e6;
const MODEL = new URL(document.querySelector('meta[name="model"]').content, document.baseURI).href;

const parameters = new URLSearchParams(location.search);
const resolution = Number(parameters.get('resolution')) || undefined;
let device = ['gpu', 'cpu'].find((kind) => kind === parameters.get('device')) ?? 'auto';

const points = new Points();
const view = new View(placePoint);
const engine = new Engine((event) => HANDLERS[event.kind](event));

/** @typedef {{ id: number, name: string, blob: Blob, picture: ImageBitmap | null }} OpenPhoto */
/** What is seen. @type {OpenPhoto | null} */
let photo = null;
/** What was chosen last and is still being read. @type {OpenPhoto | null} */
let opening = null;
let photoCount = 0;
let revision = 0;
let hasMask = false;
let tapRemoves = false;
let isRecovering = false;

const HANDLERS = {
  work: ({ stage, done, total }) => showWork(stage, done, total),
  device: (event) => showDevice(event.device),
  photo: takePhoto,
  encoded(event) {
    if (isRecovering) hideNotice();
    isRecovering = false;
    showRest(`Photo read in ${seconds(event.milliseconds)} · ${event.resolution}×${event.resolution}`);
  },
  mask(event) {
    if (event.photo !== photo?.id || event.revision !== revision) return;
    hasMask = points.all.length > 0;
    view.showMask(hasMask ? event : null, points.all.length);
    showRest(hasMask ? `Mask in ${seconds(event.milliseconds)}` : '');
    updateButtons();
  },
  saved({ what, png, milliseconds }) {
    const name = savedName(photo.name, what);
    savePng(png, name);
    showRest(`Saved ${name} · ${seconds(milliseconds)}`);
  },
  recovering() {
    isRecovering = true;
    showNotice('The graphics driver restarted. Picking up where you were…');
  },
  error: showError,
};

function sendModel({ fresh = false } = {}) {
  engine.send({ kind: 'model', url: MODEL, device, resolution, fresh });
}

/** @param {OpenPhoto} open */
async function sendPhoto(open) {
  const bytes = new Uint8Array(await open.blob.arrayBuffer());
  const shown = open.picture ? [open.picture.width, open.picture.height] : undefined;
  engine.send({ kind: 'photo', photo: open.id, bytes, shown }, [bytes.buffer]);
  if (open === photo && points.all.length) sendPoints();
}

function sendPoints() {
  engine.send({ kind: 'points', photo: photo.id, revision, points: points.all });
}

/** @param {File[]} files */
async function openFiles(files) {
  hideNotice();
  if (files.length > 1) showNotice(`${files.length} files came, and one photo is open at a time: this is ${files[0].name}.`);
  await open(files[0], files[0].name);
}

async function open(blob, name) {
  if (blob.size > MAX_FILE_BYTES) {
    showError({ code: 'bad-image', message: `${name} has ${Math.round(blob.size / 1e6)} MB, more than a photo has. Open a JPEG or PNG file.` });
    return;
  }
  const id = ++photoCount;
  // What the browser cannot show the engine may still read, and hands over its pixels.
  const picture = await createImageBitmap(blob).catch(() => null);
  if (id !== photoCount) return;
  opening = { id, name, blob, picture };
  await sendPhoto(opening).catch(() =>
    showError({ code: 'bad-image', message: `${name} could not be read. Copy it to this machine and open that.` }),
  );
}

/** The engine has read the photo: now it replaces the one that was seen. */
async function takePhoto(event) {
  if (event.photo === photo?.id || event.photo !== opening?.id) return;
  const next = opening;
  if (event.rgba) {
    const pixels = new ImageData(new Uint8ClampedArray(event.rgba.buffer), event.width, event.height);
    next.picture = await createImageBitmap(pixels);
  }
  showPhoto(next, event.width, event.height);
  if (event.notes.length) showNotice(event.notes.join(' '));
}

function showPhoto(next, width, height) {
  photo?.picture?.close();
  photo = next;
  points.forget();
  revision += 1;
  hasMask = false;
  view.showPhoto(next.picture, width, height);
  view.showPoints([]);
  document.querySelector('#file').textContent = `${next.name} · ${width} × ${height}`;
  updateButtons();
}

function placePoint(x, y, remove) {
  points.place(x, y, !(remove || tapRemoves));
  document.querySelector('#hint').hidden = true;
  // Whoever goes on has read it. What is still so will be said again.
  if (!isRecovering) hideNotice();
  pointsChanged();
}

function pointsChanged() {
  revision += 1;
  view.showPoints(points.all);
  sendPoints();
  updateButtons();
}

function updateButtons() {
  const enable = (name, isEnabled) =>
    document.querySelectorAll(`[data-do="${name}"]`).forEach((button) => (button.disabled = !isEnabled));
  enable('undo', points.canUndo);
  enable('clear', points.all.length > 0);
  enable('save-mask', hasMask);
  enable('save-cutout', hasMask);
}

function showError(error) {
  // An error about a photo that nobody waits for any more is none.
  if (error.photo !== undefined && error.photo !== photo?.id && error.photo !== opening?.id) return;
  const { sentence, step } = explain(error);
  console.warn(`${error.code}: ${error.message}`);
  showStopped();
  showNotice(sentence, { label: STEP_LABELS[step], run: NEXT_STEPS[step] });
}

const NEXT_STEPS = {
  'choose-photo': chooseFile,
  'use-cpu'() {
    device = 'cpu';
    sendModel();
  },
  'reload-model': () => sendModel({ fresh: true }),
  'restart-engine'() {
    engine.restart();
    sendModel();
    if (photo) sendPhoto(photo);
  },
  'reload-page': () => location.reload(),
  'plain-address': () => location.replace(location.pathname),
};

function setTap(removes) {
  tapRemoves = removes;
  document.querySelector('[data-do="tap-adds"]').ariaPressed = String(!removes);
  document.querySelector('[data-do="tap-removes"]').ariaPressed = String(removes);
}

const ACTIONS = {
  open: chooseFile,
  undo() {
    points.undo();
    pointsChanged();
  },
  clear() {
    points.clear();
    pointsChanged();
  },
  'save-mask': () => engine.send({ kind: 'save', what: 'mask' }),
  'save-cutout': () => engine.send({ kind: 'save', what: 'cutout' }),
  'tap-adds': () => setTap(false),
  'tap-removes': () => setTap(true),
  'show-cpu-note': () => (document.querySelector('#cpu-note').hidden ^= true),
  'close-cpu-note': () => (document.querySelector('#cpu-note').hidden = true),
};

document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-do]');
  if (button && !button.disabled) ACTIONS[button.dataset.do]();
});
addEventListener('keydown', (event) => {
  const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'z';
  if (!isUndo) return;
  event.preventDefault();
  if (points.canUndo) ACTIONS.undo();
});
listenForFiles(openFiles);

showWork('starting');
sendModel();
openSample();

/** The sample is known to be good: it is seen before the engine is there, and clicks on it wait for the engine. */
async function openSample() {
  const blob = await (await fetch(SAMPLE)).blob();
  if (photoCount > 0) return;
  const id = ++photoCount;
  const picture = await createImageBitmap(blob);
  if (id !== photoCount) return;
  showPhoto({ id, name: 'still_life.jpg', blob, picture }, picture.width, picture.height);
  await sendPhoto(photo);
}
