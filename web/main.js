// The page: what a person does becomes edits of the document and requests to the engine; events become state; the state
// is what is seen.
import { fitted, panned } from './page/camera.js';
import { store } from './page/app.js';
import { COMMANDS } from './page/commands.js';
import { openFiles } from './page/edits.js';
import { closest, find } from './page/elements.js';
import { say, showError } from './page/faults.js';
import { listenForFiles } from './page/intake.js';
import { listenForKeys } from './page/keyboard.js';
import { watchOtherTabs } from './page/other_tabs.js';
import { showPanels } from './page/panels.js';
import { listenForPointers } from './page/pointer.js';
import { followFocus, keyIntents, pointerIntents } from './page/pointing.js';
import { followDocument, pullIntents } from './page/pull.js';
import { sendModel } from './page/requests.js';
import { showRing } from './page/ring.js';
import { nameNextSample, openFirstSample, openNextSample } from './page/samples.js';
import { followSizes, nudge, step } from './page/sizes.js';
import { showViewport } from './page/viewport.js';

/** @type {import('./page/keyboard.js').Commands} */
const commands = { ...COMMANDS, sample: openNextSample };
document.addEventListener('click', ({ target }) => {
  const name = closest(target, '[data-do]:enabled')?.dataset.do;
  if (name) commands[name]();
  else if (store.state.panel === 'export' && !closest(target, '.card, #viewport')) store.set({ panel: 'none' });
});
listenForKeys(store, commands, { ...keyIntents, giveUp: pullIntents.giveUp, step, nudge });
listenForPointers(store, { ...pointerIntents, ...pullIntents });
listenForFiles(openFiles, showError);
watchOtherTabs(() => say('Maskov is open in another tab too. Each keeps its own photo; two at once share one graphics card.'));
showViewport(store);
showRing(store);
showPanels(store);
followFocus();
followDocument();
followSizes();
followWindow();
sendModel();
openFirstSample();
nameNextSample();

function followWindow() {
  const viewport = find('#viewport');
  new ResizeObserver(() => {
    const size = { width: viewport.clientWidth, height: viewport.clientHeight };
    const { camera, document: { photo } } = store.state;
    store.set({ viewport: size, camera: camera.isFitted || !photo ? fitted(size, photo) : panned(camera, 0, 0, { viewport: size, photo }) });
  }).observe(viewport);
  const followDensity = () => {
    store.set({ density: devicePixelRatio });
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', followDensity, { once: true });
  };
  followDensity();
  for (const name of ['online', 'offline']) {
    addEventListener(name, () => {
      store.set({ isOnline: navigator.onLine });
      // What failed for want of a network is tried again by itself.
      if (navigator.onLine && !store.state.engine && store.state.notice?.isError) {
        store.set({ notice: null });
        sendModel();
      }
    });
  }
}
