// The page does what it is for: clicks become a mask, and the saved file is the one that the command line writes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withSite } from './browser.mjs';
import {
  clickPixel,
  compareMasks,
  drop,
  maskByCli,
  notice,
  placeOf,
  pointsOf,
  samplePath,
  save,
  scratchFile,
  untilMask,
  untilRest,
  withOrientation,
} from './page.mjs';

const CPU = { query: '?device=cpu&resolution=32' };
const PEAR = [784, 822];
const APPLE = [515, 873];

for (const [device, resolution] of [['cpu', 32], ['gpu', 16]]) {
  test(`two clicks on the sample save the mask of the command line (${device}, R = ${resolution})`, { timeout: 580_000 }, async () => {
    await withSite(
      async ({ page, faults }) => {
        await untilRest(page);
        await clickPixel(page, ...PEAR);
        await clickPixel(page, ...APPLE, { button: 'right' });
        await untilMask(page, 2);
        const points = await pointsOf(page);
        assert.deepEqual(points.map(({ kind }) => kind), ['add', 'remove']);
        const saved = await save(page, 'mask');
        assert.equal(saved.name, 'still_life-mask.png');
        const { sizes, iou, pixels } = await compareMasks(
          page, saved.bytes, maskByCli(samplePath(), points, { device, resolution }),
        );
        assert.deepEqual(sizes, [[1600, 1200], [1600, 1200]]);
        assert.ok(pixels > 1000, 'a mask of next to nothing proves nothing');
        assert.ok(iou >= 0.99, `IoU ${iou}`);
        assert.deepEqual(faults, []);
      },
      { query: `?device=${device}&resolution=${resolution}` },
    );
  });
}

test('masks of different photos differ by this comparison', { timeout: 120_000 }, async () => {
  await withSite(async ({ page }) => {
    const points = [{ x: PEAR[0], y: PEAR[1], kind: 'add' }];
    const other = [{ x: 200, y: 100, kind: 'add' }];
    const of = (points) => maskByCli(samplePath(), points, { device: 'cpu', resolution: 16 });
    assert.ok((await compareMasks(page, of(points), of(other))).iou < 0.9);
  }, CPU);
});

test('right click, Shift and Alt leave out; undo and clear go back; the old mask stays until the new one', { timeout: 300_000 }, async () => {
  await withSite(async ({ page }) => {
    // Before the model is there: the click waits.
    await page.waitForSelector('#photo[data-size]', { state: 'attached' });
    await clickPixel(page, ...PEAR);
    assert.ok(await page.locator('#hint').isHidden());
    await untilMask(page, 1);
    assert.ok(await page.isEnabled('[data-do="save-mask"]'));
    await clickPixel(page, ...APPLE, { button: 'right' });
    assert.equal(await page.getAttribute('#overlay', 'data-points'), '1', 'the old mask is gone before the new one came');
    await untilMask(page, 2);
    await clickPixel(page, 1400, 780, { key: 'Shift' });
    await clickPixel(page, 900, 420, { key: 'Alt' });
    await untilMask(page, 4);
    assert.deepEqual((await pointsOf(page)).map(({ kind }) => kind), ['add', 'remove', 'remove', 'remove']);
    await page.keyboard.press('Control+z');
    await untilMask(page, 3);
    await page.click('header [data-do="clear"]');
    await untilMask(page, 0);
    assert.ok(await page.isDisabled('[data-do="save-mask"]'));
    await page.click('header [data-do="undo"]');
    await untilMask(page, 3);
  }, CPU);
});

test('a click is on its pixel at every density, after a resize, and beside the photo on none', { timeout: 300_000 }, async () => {
  for (const deviceScaleFactor of [1, 1.25, 2, 3]) {
    await withSite(async ({ page }) => {
      await page.waitForSelector('#photo[data-size]', { state: 'attached' });
      const corners = [[0, 0], [1599, 1199], [0, 1199], [801, 333]];
      for (const [width, height] of [[1280, 800], [700, 900], [390, 844]]) {
        await page.setViewportSize({ width, height });
        for (const [x, y] of corners) {
          const place = await placeOf(page, x, y);
          await page.mouse.click(place.x, place.y);
        }
        const points = (await pointsOf(page)).map(({ x, y }) => [x, y]);
        assert.deepEqual(points.slice(-corners.length), corners, `${width}×${height} at ${deviceScaleFactor}`);
        const before = points.length;
        const { x, y } = await placeOf(page, -2, -2);
        await page.mouse.click(Math.max(x, 0), y);
        assert.equal((await pointsOf(page)).length, before, 'a click beside the photo made a point');
        await page.evaluate(() => document.querySelector('[data-do="clear"]').click());
      }
    }, { ...CPU, context: { deviceScaleFactor } });
  }
});

test('a dropped photo opens upright, its points are upright pixels, and its files bear its name', { timeout: 300_000 }, async () => {
  const upright = readFileSync(samplePath());
  const turned = withOrientation(upright, 6);
  await withSite(async ({ page }) => {
    await drop(page, [
      { name: 'my.turned.jpg', type: 'image/jpeg', bytes: turned },
      { name: 'second.jpg', type: 'image/jpeg', bytes: upright },
    ]);
    await page.waitForSelector('#photo[data-size="1200 1600"]', { state: 'attached' });
    assert.match(await notice(page), /^2 files came.*my\.turned\.jpg/);
    assert.match(await page.textContent('#file'), /my\.turned\.jpg · 1200 × 1600/);
    // Orientation 6: what is stored at x, y is seen at 1199 − y, x.
    await clickPixel(page, 1199 - PEAR[1], PEAR[0]);
    await untilMask(page, 1);
    const points = await pointsOf(page);
    const saved = await save(page, 'mask');
    assert.equal(saved.name, 'my.turned-mask.png');
    const file = scratchFile('turned.jpg', turned);
    const { sizes, iou } = await compareMasks(page, saved.bytes, maskByCli(file, points, { device: 'cpu', resolution: 32 }));
    assert.deepEqual(sizes[0], [1200, 1600]);
    assert.ok(iou >= 0.99, `IoU ${iou}`);
    const cutout = await save(page, 'cutout');
    assert.equal(cutout.name, 'my.turned-cutout.png');
  }, CPU);
});

test('a phone: nothing is cut off, and a tap adds or removes as the toggle says', { timeout: 300_000 }, async () => {
  const context = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 3 };
  await withSite(async ({ page }) => {
    await page.waitForSelector('#photo[data-size]', { state: 'attached' });
    const wide = await page.evaluate(() => {
      const buttons = [...document.querySelectorAll('button')].filter((button) => button.checkVisibility());
      return buttons.map((button) => button.getBoundingClientRect()).filter((box) => box.left < 0 || box.right > innerWidth);
    });
    assert.deepEqual(wide, []);
    const tap = async (x, y) => {
      const place = await placeOf(page, x, y);
      await page.touchscreen.tap(place.x, place.y);
    };
    await tap(...PEAR);
    await page.tap('[data-do="tap-removes"]');
    await tap(...APPLE);
    await untilMask(page, 2);
    assert.deepEqual((await pointsOf(page)).map(({ kind }) => kind), ['add', 'remove']);
  }, { ...CPU, context });
});
