// What a person does on the page, and what comes of it, in terms of photo pixels.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { placeOf as placeInWindow } from './place.mjs';

/** Pixels in the middle of things of the sample. */
export const PEAR = [784, 822];
export const APPLE = [515, 873];

/** Ways to open the page. */
export const CPU_16 = '?device=cpu&resolution=16&sample=still_life';
export const CPU_32 = '?device=cpu&resolution=32&sample=still_life';
export const GPU_16 = '?device=gpu&resolution=16&sample=still_life';

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 3 };

/** Waits until the selector is there, and fails with what the page says when that is an error. */
async function untilThere(page, selector, timeout) {
  const failed = page.waitForSelector('#status[data-state=error]', { timeout, state: 'attached' });
  const failure = failed.then(async () => Promise.reject(new Error(`the page says: ${await notice(page)}`)), () => new Promise(() => {}));
  await Promise.race([page.waitForSelector(selector, { timeout, state: 'attached' }), failure]);
}

/** Waits until the photo is read and no point is placed. */
export function untilReady(page, timeout = 120_000) {
  return untilThere(page, 'body:is([data-state=ready], [data-state=preview]):has(#status[data-state=ready])', timeout);
}

/** Waits for the mask of this many points. */
export function untilMask(page, points, timeout = 120_000) {
  return untilThere(page, `#overlay[data-points="${points}"]`, timeout);
}

/** Waits until a preview is shown. */
export function untilPreview(page, timeout = 120_000) {
  return untilThere(page, '#overlay[data-preview]:not([data-preview=""])', timeout);
}

/** Waits until the photo is seen: clicks on it wait for the engine. */
export async function untilPhoto(page, size) {
  await page.waitForSelector(size ? `#photo[data-size="${size}"]` : '#photo[data-size]', { state: 'attached' });
  // Its place may be that of the photo before until the next frame.
  await drawn(page);
}

/** Waits until the cut-out is seen in the Export menu. Not by `decode()`: that fails when a newer cut-out comes meanwhile. */
export function untilCutout(page) {
  return page.waitForFunction(() => {
    const { hidden, complete, naturalWidth } = document.querySelector('#cutout');
    return !hidden && complete && naturalWidth > 0;
  });
}

/** The sentence of the notice, once there is one. */
export async function notice(page, timeout = 120_000) {
  await page.waitForSelector('#notice:not([hidden])', { timeout });
  return page.textContent('#notice p');
}

/** Waits for a notice like this and returns its sentence. */
export async function untilNotice(page, pattern, timeout = 120_000) {
  const isThere = (source) => !document.querySelector('#notice').hidden && new RegExp(source).test(document.querySelector('#notice p').textContent);
  try {
    await page.waitForFunction(isThere, pattern.source, { timeout });
  } catch {
    assert.fail(`no notice like ${pattern}, but "${await page.textContent('#notice p')}"`);
  }
  return page.textContent('#notice p');
}

export const noticeIsHidden = (page) => page.locator('#notice').isHidden();

/** Waits until the page has drawn what it knows. */
export function drawn(page) {
  return page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Waits until what it has drawn stands still: no transition is on its way to other colours or places. */
export async function settled(page) {
  await drawn(page);
  await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'));
}

/** Waits until the hint says something like this. */
export async function untilHint(page, pattern) {
  const says = (source) => new RegExp(source).test(document.querySelector('#hint:not([hidden])')?.textContent);
  await page.waitForFunction(says, pattern.source).catch(async () => assert.fail(`the hint is "${await page.textContent('#hint')}", not ${pattern}`));
}

/** Waits until there is no hint. */
export const untilNoHint = (page) => page.waitForSelector('#hint', { state: 'hidden' });

/** Where the photo's pixel lies in the window: the middle of it, in CSS pixels. Measured from outside: where the picture is seen. */
export const placeOf = (page, x, y) => placeInWindow(page, [x, y]);

/** Clicks on a pixel of the photo. */
export async function clickPixel(page, x, y, { button = 'left', key } = {}) {
  const place = await placeOf(page, x, y);
  if (key) await page.keyboard.down(key);
  await page.mouse.click(place.x, place.y, { button });
  if (key) await page.keyboard.up(key);
}

/** Moves the pointer to a pixel of the photo. */
export async function pointAt(page, x, y) {
  const place = await placeOf(page, x, y);
  await page.mouse.move(place.x, place.y);
}

/** Moves the pointer away from the photo. */
export const pointAway = (page) => page.mouse.move(2, 2);

/** Taps on a pixel of the photo. */
export async function tapPixel(page, x, y) {
  const place = await placeOf(page, x, y);
  await page.touchscreen.tap(place.x, place.y);
}

/** Presses on a pixel of the photo and pulls to another one, by way of the middle between them. Resolves with the button still down. */
export async function pull(page, from, to, { button = 'left' } = {}) {
  const [start, end] = [await placeOf(page, ...from), await placeOf(page, ...to)];
  await page.mouse.move(start.x, start.y);
  await page.mouse.down({ button });
  await page.mouse.move((start.x + end.x) / 2, (start.y + end.y) / 2);
  await page.mouse.move(end.x, end.y);
}

/** The ring that is seen: its point, its size (null where automatic), the share of the photo it stands for, its radius in CSS pixels; or null. */
export async function ringOf(page) {
  await drawn(page);
  return page.evaluate(() => {
    const ring = document.querySelector('#ring.seen');
    if (!ring) return null;
    const { point, size, taken, radius } = ring.dataset;
    return { point: Number(point), size: size === '' ? null : Number(size), taken: Number(taken), radius: Number(radius) };
  });
}

/** Waits until a ring is seen. */
export async function untilRing(page) {
  await page.waitForSelector('#ring.seen', { state: 'attached' });
  return ringOf(page);
}

/** Waits until the mask of a pull is seen and another one than this, and returns the share of the photo that it covers. */
export async function untilLive(page, former = '') {
  const isNew = (former) => !['', former].includes(document.querySelector('#overlay').dataset.live);
  await page.waitForFunction(isNew, former, { timeout: 120_000 });
  return page.getAttribute('#overlay', 'data-live');
}

/** Sizes of the points, null where automatic. */
export async function sizesOf(page) {
  await drawn(page);
  return page.$$eval('#points .point', (points) => points.map(({ dataset: { size } }) => (size === '' ? null : Number(size))));
}

/** Waits until a screen reader is told something like this. */
export async function untilTold(page, pattern, timeout = 120_000) {
  const isTold = (source) => new RegExp(source).test(document.querySelector('#announcer').textContent);
  await page.waitForFunction(isTold, pattern.source, { timeout }).catch(async () => assert.fail(`told is "${await page.textContent('#announcer')}", not ${pattern}`));
  return page.textContent('#announcer');
}

/** Drags the pointer between two places of the window. */
export async function drag(page, from, to, { button = 'left' } = {}) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down({ button });
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2);
  await page.mouse.move(to.x, to.y);
  await page.mouse.up({ button });
}

/** The points as the page shows them, once it has drawn. */
export async function pointsOf(page) {
  await drawn(page);
  return page.$$eval('#points .point', (buttons) =>
    buttons.map(({ dataset: { x, y, kind } }) => ({ x: Number(x), y: Number(y), kind })),
  );
}

export const kindsOf = async (page) => (await pointsOf(page)).map(({ kind }) => kind);
export const pixelsOf = async (page) => (await pointsOf(page)).map(({ x, y }) => [x, y]);

/** The outline of the kept mask, as path data in photo pixels. */
export async function contourOf(page) {
  await drawn(page);
  return page.evaluate(() => document.querySelector('.mask .contour')?.getAttribute('d') ?? '');
}

/** Looks at every frame from here on. What it returns ends that and tells which outlines were seen, in order. */
export async function watchContours(page) {
  await page.evaluate(() => {
    window.contours = [];
    const look = () => {
      const contour = document.querySelector('.mask .contour')?.getAttribute('d') ?? '';
      if (contour !== window.contours.at(-1)) window.contours.push(contour);
      window.looking = requestAnimationFrame(look);
    };
    look();
  });
  return () => page.evaluate(() => {
    cancelAnimationFrame(window.looking);
    return window.contours;
  });
}

/** Waits until the outline is another one than this, and returns it. */
export async function contourAfter(page, former, timeout = 120_000) {
  const isNew = (former) => (document.querySelector('.mask .contour')?.getAttribute('d') ?? former) !== former;
  await page.waitForFunction(isNew, former, { timeout });
  return contourOf(page);
}

export const areaOf = async (page) => Number(await page.getAttribute('#overlay', 'data-area'));
export const stateOf = (page) => page.getAttribute('body', 'data-state');

/** Presses the one of a command's buttons that is seen. */
export const press = (page, command) => page.locator(`[data-do="${command}"]:visible`).click();

/** Drops files on the window, as a file manager does. */
export async function drop(page, files) {
  // From then on the page listens.
  await page.waitForSelector('#status[data-state]', { state: 'attached' });
  return dropped(page, files.map(({ name, type = '', bytes }) => ({ name, type, base64: Buffer.from(bytes).toString('base64') })), {});
}

/** Drops texts of these types on the window, as another page does. */
export const dropTexts = (page, texts) => dropped(page, [], texts);

function dropped(page, files, texts) {
  return page.evaluate(
    ([files, texts]) => {
      const transfer = new DataTransfer();
      for (const { name, type, base64 } of files) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type }));
      }
      for (const [type, text] of Object.entries(texts)) transfer.setData(type, text);
      const target = document.querySelector('footer');
      for (const kind of ['dragenter', 'dragover', 'drop']) {
        target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
      }
    },
    [files, texts],
  );
}

/** Saves from the Export menu; resolves to the file's name and bytes. */
export async function save(page, what) {
  await press(page, 'export');
  return downloaded(page, () => press(page, `save-${what}`));
}

/** The file that comes of an act. */
export async function downloaded(page, act) {
  const coming = page.waitForEvent('download', { timeout: 120_000 });
  await act();
  const download = await coming;
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** Puts the focus on the photo by the keyboard alone. */
export async function focusStage(page) {
  const isFocused = () => page.evaluate(() => document.activeElement.id === 'viewport');
  for (let i = 0; i < 40 && !(await isFocused()); i++) await page.keyboard.press('Tab');
  assert.ok(await isFocused(), 'Tab never reaches the photo');
}
