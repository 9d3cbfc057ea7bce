// The states of the page and how each is brought about: by what a person does or by a fault that is provoked, never by
// setting what the page shows.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { site } from './browser.mjs';
import { placeOf } from './place.mjs';
import { FULL_STORAGE, KEPT_DEVICE, SMALL_ADAPTER, WAITING_MODEL, sharePassed, standingStill } from './shot_faults.mjs';

const PEAR = [784, 822];
const APPLE = [515, 873];
/** Where the pear ends before the apple. */
const PEAR_EDGE = [717, 950];
const PHOTOS = fileURLToPath(new URL('../../../shared/data/GrabCut/images/', import.meta.url));
/** A pixel in the middle of the thing. */
const THINGS = { llama: [220, 236], flower: [291, 244], teddy: [141, 187] };
const SOFTWARE_GPU = '?device=gpu&resolution=16&sample=still_life';

/**
 * @typedef {object} State
 * @property {string} name
 * @property {(page: import('playwright-core').Page, screen: { hasTouch?: boolean }) => Promise<void>} reach
 * @property {string} [query] what the address ends with, if not that the CPU computes at R = 32
 * @property {string} [worker] code that runs before that of the engine's worker
 * @property {(name: string, read: () => Buffer) => Buffer | number | undefined} [answers] what the host does otherwise
 * @property {(context: import('playwright-core').BrowserContext, url: string) => Promise<void>} [before]
 * @property {boolean} [needsTouch] whether only a touch screen has it
 * @property {number} [timeout] in ms
 */

/** @type {State[]} */
export const STATES = [
  {
    name: 'empty',
    answers: (name) => (name.startsWith('sample/') ? 404 : undefined),
    reach: (page) => page.waitForSelector('body[data-state=empty]:has(#device b)'),
  },
  { name: 'loading', worker: sharePassed('loading', 0.4), reach: (page) => untilStatus(page, /Loading the model · [1-9]/) },
  {
    name: 'decoding',
    worker: standingStill(`({ kind, stage }) => self.isArmed && kind === 'work' && stage === 'decoding'`),
    async reach(page) {
      await untilReady(page);
      await page.workers()[0].evaluate(() => void (self.isArmed = true));
      await choose(page, 'holiday.jpg', readFileSync(join(site(), 'sample/still_life.jpg')));
      await page.waitForSelector('body[data-state=decoding]');
    },
  },
  { name: 'encoding', worker: sharePassed('encoding', 0.5), reach: (page) => untilStatus(page, /photo · \d+ %/) },
  { name: 'ready', reach: untilReady },
  {
    name: 'preview',
    async reach(page, screen) {
      await untilReady(page);
      await pointAt(page, screen, PEAR);
      await untilPreview(page);
    },
  },
  { name: 'editing', reach: edit },
  {
    name: 'ring',
    async reach(page, screen) {
      await editOne(page, screen);
      await page.waitForSelector('#ring.seen', { state: 'attached' });
    },
  },
  {
    name: 'pull',
    async reach(page, screen) {
      await untilReady(page);
      await pull(page, screen, PEAR, [PEAR[0] + 190, PEAR[1] - 60]);
      await page.waitForSelector('#overlay.live', { state: 'attached' });
      await page.waitForSelector('#ring .stop', { state: 'attached' });
    },
  },
  {
    name: 'sizes',
    async reach(page, screen) {
      await editOne(page, screen);
      await page.keyboard.press(',');
      await page.waitForFunction(() => /size \d of \d/.test(document.querySelector('#announcer').textContent));
      const { x, y, width, height } = await page.locator('.grip:visible').boundingBox();
      if (!screen.hasTouch) await page.mouse.move(x + width / 2, y + height / 2);
    },
  },
  {
    name: 'size-before',
    async reach(page, screen) {
      await untilReady(page);
      await pointAt(page, screen, PEAR);
      if (screen.hasTouch) return;
      await untilPreview(page);
      await page.keyboard.press('.');
      await page.waitForSelector('#ring.seen', { state: 'attached' });
    },
  },
  {
    name: 'export',
    async reach(page, screen) {
      await edit(page, screen);
      await press(page, 'export');
      await page.waitForSelector('#cutout:not([hidden])');
    },
  },
  {
    name: 'how',
    async reach(page, screen) {
      await editOne(page, screen);
      await press(page, 'how');
      await page.waitForSelector('#markov-map[data-step]');
      await page.waitForFunction(() => Number(document.querySelector('#markov-map').dataset.step) > 10);
    },
  },
  {
    name: 'cpu',
    async reach(page) {
      await untilReady(page);
      await press(page, 'device');
      await page.waitForSelector('#cpu:not([hidden])');
    },
  },
  {
    name: 'privacy',
    query: SOFTWARE_GPU,
    async reach(page) {
      await page.waitForSelector('#device b');
      await press(page, 'device');
      await page.waitForSelector('#privacy:not([hidden])');
    },
  },
  {
    name: 'adapter-too-small',
    query: '?resolution=32',
    worker: SMALL_ADAPTER,
    reach: (page) => untilNotice(page, /adapter is too small/),
  },
  {
    name: 'error',
    async reach(page, screen) {
      await editOne(page, screen);
      await choose(page, 'notes.txt', Buffer.from('Milk, bread, a pear.'));
      await untilNotice(page, /notes\.txt|not a photo/);
    },
  },
  {
    name: 'device-lost',
    query: SOFTWARE_GPU,
    worker: KEPT_DEVICE + standingStill(`({ kind }) => kind === 'recovering'`),
    timeout: 300_000,
    async reach(page, screen) {
      await editOne(page, screen);
      await page.workers()[0].evaluate(() => self.device.destroy());
      await place(page, screen, APPLE, true);
      await untilNotice(page, /graphics driver restarted/);
    },
  },
  {
    name: 'offline',
    async reach(page, screen) {
      await editOne(page, screen);
      await page.context().setOffline(true);
      await page.waitForSelector('#network:not([hidden])');
    },
  },
  {
    name: 'offline-first',
    worker: WAITING_MODEL,
    answers: (name) => (name.endsWith('pack.json') ? 503 : undefined),
    async reach(page) {
      await page.waitForSelector('#photo[data-size]');
      await page.context().setOffline(true);
      await page.workers()[0].evaluate(() => self.goOn());
      await untilNotice(page, /You are offline/);
    },
  },
  { name: 'storage-full', worker: FULL_STORAGE, reach: (page) => untilNotice(page, /storage is full/) },
  {
    name: 'newer-project',
    async reach(page) {
      await untilReady(page);
      await choose(page, 'holiday.maskov', Buffer.from('{"version":99}'));
      await untilNotice(page, /newer Maskov/);
    },
  },
  {
    name: 'second-tab',
    async before(context, url) {
      const first = await context.newPage();
      await first.goto(`${url}?device=cpu&resolution=16`);
      await untilReady(first);
    },
    async reach(page) {
      await untilReady(page);
      await untilNotice(page, /another tab/);
    },
  },
  {
    name: 'drop',
    async reach(page) {
      await untilReady(page);
      await page.evaluate(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['.'], 'holiday.jpg', { type: 'image/jpeg' }));
        for (const kind of ['dragenter', 'dragover']) {
          document.querySelector('main').dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
        }
      });
      await page.waitForSelector('#drop:not([hidden])');
    },
  },
  {
    name: 'keys',
    async reach(page) {
      await untilReady(page);
      await page.keyboard.press('?');
      await page.waitForSelector('#keys[open]');
    },
  },
  {
    name: 'zoom',
    async reach(page, screen) {
      await edit(page, screen);
      await page.keyboard.press('1');
      await zoomFourfold(page, screen, PEAR_EDGE);
      await page.mouse.move(1, 1);
      await page.waitForFunction(() => document.querySelector('#zoom').textContent === '400 %');
    },
  },
  {
    name: 'cursor',
    async reach(page) {
      await untilReady(page);
      while (!(await page.evaluate(() => document.activeElement.id === 'viewport'))) await page.keyboard.press('Tab');
      for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowDown');
      await untilPreview(page);
    },
  },
  {
    name: 'magnifier',
    needsTouch: true,
    async reach(page, screen) {
      await edit(page, screen);
      await pointAt(page, screen, PEAR_EDGE);
      await page.waitForSelector('#magnifier:not([hidden])');
    },
  },
];

/** States with real photos, where there are any; otherwise the folder that is missing. @returns {{ photos: State[], missing?: string }} */
export function photoStates() {
  if (!existsSync(PHOTOS)) return { photos: [], missing: PHOTOS };
  const photos = Object.entries(THINGS).map(([thing, pixel]) => ({
    name: `photo-${thing}`,
    async reach(page, screen) {
      await page.waitForSelector('#photo[data-size="1600 1200"]');
      await page.setInputFiles('#chooser', join(PHOTOS, `${thing}.png`));
      await page.waitForSelector('#photo[data-size]:not([data-size="1600 1200"])');
      await place(page, screen, pixel);
      await untilMask(page, 1);
    },
  }));
  return { photos };
}

function untilReady(page) {
  return page.waitForSelector('body[data-state=ready]:has(#status[data-state=ready])');
}

function untilMask(page, points) {
  return page.waitForSelector(`#overlay[data-points="${points}"]`, { state: 'attached' });
}

function untilPreview(page) {
  return page.waitForSelector('#overlay[data-preview]:not([data-preview=""])', { state: 'attached' });
}

function untilStatus(page, pattern) {
  return page.waitForFunction((source) => new RegExp(source).test(document.querySelector('#status').textContent), pattern.source);
}

/** Waits for a notice, and fails when it is another one than expected. */
async function untilNotice(page, pattern) {
  await page.waitForSelector('#notice:not([hidden])');
  const sentence = await page.textContent('#notice p');
  if (!pattern.test(sentence)) throw new Error(`the notice is "${sentence}"`);
}

/** Two points, one of each kind. */
async function edit(page, screen) {
  await editOne(page, screen);
  await place(page, screen, APPLE, true);
  await untilMask(page, 2);
  await page.mouse.move(1, 1);
}

async function editOne(page, screen) {
  await untilReady(page);
  await place(page, screen, PEAR);
  await untilMask(page, 1);
}

/** Clicks or taps on a pixel of the photo. */
async function place(page, { hasTouch }, pixel, remove = false) {
  const { x, y } = await placeOf(page, pixel);
  if (!hasTouch) {
    await page.mouse.click(x, y, { button: remove ? 'right' : 'left' });
    return;
  }
  await press(page, remove ? 'tap-removes' : 'tap-adds');
  await page.touchscreen.tap(x, y);
}

/** Moves the pointer to a pixel of the photo, or puts a finger there that stays. */
async function pointAt(page, { hasTouch }, pixel) {
  const { x, y } = await placeOf(page, pixel);
  if (!hasTouch) {
    await page.mouse.move(x, y);
    return;
  }
  const touch = await fingersOf(page);
  await touch('touchStart', [{ x, y }]);
}

/** Presses on a pixel of the photo and pulls to another one; the button or the finger stays down. */
async function pull(page, { hasTouch }, from, to) {
  const [start, end] = [await placeOf(page, from), await placeOf(page, to)];
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
  if (hasTouch) {
    const touch = await fingersOf(page);
    await touch('touchStart', [start]);
    for (const place of [middle, end]) await touch('touchMove', [place]);
    return;
  }
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  for (const { x, y } of [middle, end]) await page.mouse.move(x, y);
}

/** Zooms in at a pixel of the photo, by the wheel or by spreading two fingers. */
async function zoomFourfold(page, { hasTouch }, pixel) {
  const { x, y } = await placeOf(page, pixel);
  if (!hasTouch) {
    await page.mouse.move(x, y);
    // Four times e^(0.0015 · 231) is 4.
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -231);
    return;
  }
  const fingers = (distance) => [{ x: x - distance / 2, y, id: 0 }, { x: x + distance / 2, y, id: 1 }];
  const touch = await fingersOf(page);
  await touch('touchStart', fingers(40));
  for (const distance of [80, 120, 160]) await touch('touchMove', fingers(distance));
  await touch('touchEnd', []);
}

/** What puts fingers on the screen; they stay where they are as long as this is kept. */
async function fingersOf(page) {
  const session = await page.context().newCDPSession(page);
  return (type, touchPoints) => session.send('Input.dispatchTouchEvent', { type, touchPoints });
}

/** Presses the one of a command's buttons that is seen. */
function press(page, command) {
  return page.locator(`[data-do="${command}"]:visible`).click();
}

/** Chooses a file as the file dialog does. */
function choose(page, name, buffer) {
  return page.setInputFiles('#chooser', { name, mimeType: '', buffer });
}
