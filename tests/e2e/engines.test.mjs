// The whole loop in Firefox and WebKit, where the CPU computes: wide and dark, as narrow as a phone and light.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENGINES, withEngine } from './engines.mjs';
import { colourAt, compareMasks, discPhoto, maskByCli, samplePath } from './files.mjs';
import * as on from './page.mjs';
import { sharedBrowser } from './visit.mjs';

const SCREENS = { wide: { theme: 'dark', viewport: { width: 1440, height: 900 } }, phone: { theme: 'light', viewport: { width: 390, height: 844 } } };
const CUP = [1400, 780];
const QUERY = '?sample=still_life';

for (const engine of ENGINES) {
  for (const [name, screen] of Object.entries(SCREENS)) {
    test(`${engine}, ${name} and ${screen.theme}: open, point, click, undo, how it works, export, drop a photo`, { timeout: 600_000 }, async () => {
      await withEngine(engine, { ...screen, query: QUERY }, async (visit) => {
        await opens(visit, screen);
        await previewsAndKeeps(visit);
        await goesBackAndForth(visit, name);
        await explains(visit);
        await showsTheCutout(visit);
        await exportsTheMask(visit);
        await takesAnotherPhoto(visit);
      });
    });
  }
}

async function opens({ page }, { theme, viewport }) {
  await on.untilReady(page);
  assert.equal(await page.textContent('#device b'), 'CPU');
  assert.equal(await page.textContent('#grid'), '32 × 32');
  const seen = await page.evaluate(() => ({
    theme: getComputedStyle(document.documentElement).colorScheme,
    viewport: { width: innerWidth, height: innerHeight },
    overflow: document.documentElement.scrollWidth - innerWidth,
  }));
  assert.deepEqual(seen, { theme, viewport, overflow: 0 });
}

async function previewsAndKeeps({ page }) {
  await on.pointAt(page, ...on.PEAR);
  await on.untilPreview(page);
  await on.clickPixel(page, ...on.PEAR);
  await on.untilMask(page, 1);
  assert.ok(await on.areaOf(page) > 0.005);
  // Not the right button: WebKit's driver lets go of another one than it pressed. Not the apple: on a phone the ring is there.
  await on.clickPixel(page, ...CUP, { key: 'Shift' });
  await on.untilMask(page, 2);
  assert.deepEqual(await on.kindsOf(page), ['add', 'remove']);
}

async function goesBackAndForth({ page }, screen) {
  const both = await on.contourOf(page);
  await (screen === 'wide' ? page.keyboard.press('Control+z') : on.press(page, 'undo'));
  await on.untilMask(page, 1);
  await (screen === 'wide' ? page.keyboard.press('Control+y') : on.press(page, 'redo'));
  await on.untilMask(page, 2);
  assert.equal(await on.contourOf(page), both);
}

async function explains({ page }) {
  await on.press(page, 'how');
  await page.waitForSelector('#markov-map[data-step]');
  const early = Number(await page.getAttribute('#markov-map', 'data-step'));
  await page.waitForFunction((early) => Number(document.querySelector('#markov-map').dataset.step) > early, early);
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.querySelector('#how').hidden);
}

/** The cut-out fills its card, on a ground of squares. */
async function showsTheCutout({ page }) {
  await on.press(page, 'export');
  await on.untilCutout(page);
  const proof = await page.$eval('.proof', (proof) => {
    const { left, top } = proof.getBoundingClientRect();
    return { left: Math.round(left), top: Math.round(top) };
  });
  const screenshot = await page.screenshot();
  // Of the 16 px tile in the second row, at the left edge: the middle and two corners of its upper squares.
  const colours = await withChromium((chromium) => {
    const at = (x, y) => colourAt(chromium, screenshot, proof.left + x, proof.top + 16 + y);
    return Promise.all([[4, 4], [1, 6], [6, 1], [12, 4], [9, 6], [14, 1]].map((place) => at(...place)));
  });
  const [light, dark] = [colours.slice(0, 3), colours.slice(3)];
  for (const square of [light, dark]) assert.deepEqual(square, Array(3).fill(square[0]), 'a square has two colours');
  assert.ok(light[0][1] !== dark[0][1], 'the squares have one colour');
}

async function exportsTheMask({ page, downloaded }) {
  const { name, bytes } = await downloaded(() => on.press(page, 'save-mask'));
  assert.equal(name, 'still_life-mask.png');
  const byCli = maskByCli(samplePath(), await on.pointsOf(page), { device: 'cpu', resolution: 32 });
  const { sizes, iou, pixels } = await withChromium((chromium) => compareMasks(chromium, bytes, byCli));
  assert.deepEqual(sizes, [[1600, 1200], [1600, 1200]]);
  assert.ok(pixels > 1000 && iou >= 0.99, `IoU ${iou} of ${pixels} pixels`);
}

async function takesAnotherPhoto({ page }) {
  await on.drop(page, [{ name: 'disc.png', type: 'image/png', bytes: discPhoto(320, 240) }]);
  await on.untilPhoto(page, '320 240');
  await on.untilReady(page);
  assert.deepEqual(await on.pointsOf(page), []);
  await on.clickPixel(page, 160, 120);
  await on.untilMask(page, 1);
  const area = await on.areaOf(page);
  assert.ok(Math.abs(area - (Math.PI * 0.35 ** 2 * 240) / 320) < 0.1, `the disc's mask has ${area} of the photo`);
}

/** Chromium decodes what the others saved. */
async function withChromium(use) {
  const page = await (await sharedBrowser()).newPage();
  try {
    return await use(page);
  } finally {
    await page.close();
  }
}
