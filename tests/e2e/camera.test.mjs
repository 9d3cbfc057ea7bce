// Where the photo lies in the window, and that a click is on its pixel wherever it lies. The model stays away: the page alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colourAt, withOrientation } from './files.mjs';
import * as on from './page.mjs';
import { WITHOUT_MODEL, withSite } from './visit.mjs';

const SIZE = [1600, 1200];
const CORNERS = [[0, 0], [1599, 1199], [0, 1199], [801, 333]];

const withPage = (use, context = {}) => withSite(async (site) => (await on.untilPhoto(site.page), await use(site)), { ...WITHOUT_MODEL, context });
const boxOf = (page) => page.locator('#photo').boundingBox();
const scaleOf = async (page) => (await boxOf(page)).width / SIZE[0];

async function clear(page) {
  // Points are cleared where nothing else is open.
  await page.keyboard.press('Escape');
  assert.deepEqual(await on.pointsOf(page), []);
}

/** Clicks on pixels, and asserts that they became the points. */
async function assertClicksLand(page, pixels, where) {
  for (const pixel of pixels) await on.clickPixel(page, ...pixel);
  assert.deepEqual(await on.pixelsOf(page), pixels, where);
  await clear(page);
}

const wheel = async (page, steps) => {
  for (let i = 0; i < Math.abs(steps); i++) await page.mouse.wheel(0, -120 * Math.sign(steps));
  await on.drawn(page);
};

/** The pixel of the photo that is seen in the middle of the viewport. */
async function pixelInTheMiddle(page) {
  const [photo, viewport, scale] = [await boxOf(page), await page.locator('#viewport').boundingBox(), await scaleOf(page)];
  return [Math.floor((viewport.x + viewport.width / 2 - photo.x) / scale), Math.floor((viewport.y + viewport.height / 2 - photo.y) / scale)];
}

/** The window as the browser's own zoom makes it: fewer and larger CSS pixels, the same device pixels. */
async function zoomBrowser(page, { width, height, deviceScaleFactor }, zoom) {
  const session = await page.context().newCDPSession(page);
  const metrics = { width: Math.round(width / zoom), height: Math.round(height / zoom), deviceScaleFactor: deviceScaleFactor * zoom, mobile: false };
  await session.send('Emulation.setDeviceMetricsOverride', metrics);
  await page.waitForFunction((density) => Math.abs(devicePixelRatio - density) < 0.01, metrics.deviceScaleFactor);
  await on.drawn(page);
}

for (const deviceScaleFactor of [1, 1.5, 3]) {
  test(`a click is on its pixel at ${deviceScaleFactor} device pixels, after resizes, at browser zooms and zoomed in`, { timeout: 240_000 }, async () => {
    await withPage(async ({ page }) => {
      for (const [width, height] of [[1280, 800], [700, 900], [390, 844]]) {
        await page.setViewportSize({ width, height });
        await on.drawn(page);
        await assertClicksLand(page, CORNERS, `${width}×${height}`);
        const corner = await on.placeOf(page, -3, -3);
        await page.mouse.click(Math.max(corner.x, 0), corner.y);
        assert.deepEqual(await on.pointsOf(page), [], 'a click beside the photo made a point');
      }
      const window = { width: 1280, height: 800, deviceScaleFactor };
      for (const zoom of [0.67, 1.5, 1]) {
        await zoomBrowser(page, window, zoom);
        await assertClicksLand(page, CORNERS, `browser zoom ${zoom}`);
      }
      await on.pointAt(page, 1200, 500);
      await wheel(page, 12);
      // One by one: a click within a point's disc is one on the point.
      for (const pixel of [[1200, 500], [1201, 500], [1200, 501], [1192, 497]]) await assertClicksLand(page, [pixel], 'zoomed in');
      await zoomBrowser(page, window, 1.5);
      const middle = await pixelInTheMiddle(page);
      await assertClicksLand(page, [middle, [middle[0] + 9, middle[1] - 7]], 'zoomed in, then at a browser zoom');
      await page.setViewportSize({ width: 900, height: 700 });
      await on.drawn(page);
      await page.keyboard.press('0');
      await on.drawn(page);
      await assertClicksLand(page, CORNERS, 'fitted again');
    }, { deviceScaleFactor });
  });
}

test('the wheel zooms at the cursor: the pixel under it stays', { timeout: 180_000 }, async () => {
  await withPage(async ({ page }) => {
    for (const pixel of [[300, 200], [1333, 900]]) {
      await page.keyboard.press('0');
      await on.drawn(page);
      const fitted = await scaleOf(page);
      // Browsers tell where a wheel turned in whole pixels.
      const middle = await on.placeOf(page, ...pixel);
      const place = { x: Math.round(middle.x), y: Math.round(middle.y) };
      await page.mouse.move(place.x, place.y);
      const spot = [pixel[0] + (place.x - middle.x) / fitted, pixel[1] + (place.y - middle.y) / fitted];
      for (const steps of [6, 6, -4]) {
        await wheel(page, steps);
        const after = await on.placeOf(page, ...spot);
        assert.ok(Math.hypot(after.x - place.x, after.y - place.y) < 0.1, `${spot} went from ${JSON.stringify(place)} to ${JSON.stringify(after)}`);
      }
      assert.ok((await scaleOf(page)) > 2 * fitted);
      await page.mouse.click(place.x, place.y);
      assert.deepEqual(await on.pixelsOf(page), [spot.map((at) => Math.floor(at + 0.5))]);
      await clear(page);
    }
  });
});

test('zooming has ends, and the photo cannot be lost', { timeout: 180_000 }, async () => {
  await withPage(async ({ page }) => {
    await on.pointAt(page, 0, 0);
    await wheel(page, 60);
    assert.ok(Math.abs((await scaleOf(page)) - 32) < 0.01, 'at most 32 device pixels to a photo pixel');
    await wheel(page, -90);
    assert.ok((await boxOf(page)).width > 48);
    await page.mouse.move(640, 400);
    for (let i = 0; i < 4; i++) await on.drag(page, { x: 100, y: 100 }, { x: 1200, y: 700 }, { button: 'middle' });
    await on.drawn(page);
    const { x, y } = await boxOf(page);
    assert.ok(x < 1280 && y < 772, 'the photo was pushed out of the window');
  });
});

test('Space and drag pans, and so does a drag with the middle button; neither makes a point', { timeout: 180_000 }, async () => {
  await withPage(async ({ page }) => {
    const from = await boxOf(page);
    const pan = { x: 140, y: -60 };
    await page.keyboard.down('Space');
    await on.drag(page, { x: 600, y: 400 }, { x: 600 + pan.x, y: 400 + pan.y });
    await page.keyboard.up('Space');
    await on.drawn(page);
    let now = await boxOf(page);
    assert.ok(Math.abs(now.x - from.x - pan.x) < 0.6 && Math.abs(now.y - from.y - pan.y) < 0.6, JSON.stringify([from, now]));
    await on.drag(page, { x: 600, y: 400 }, { x: 600 - pan.x, y: 400 - pan.y }, { button: 'middle' });
    await on.drawn(page);
    now = await boxOf(page);
    assert.ok(Math.abs(now.x - from.x) < 0.6 && Math.abs(now.y - from.y) < 0.6);
    assert.deepEqual(await on.pointsOf(page), []);
  });
});

test('0 fits the window and 1 is one photo pixel to a device pixel', { timeout: 180_000 }, async () => {
  for (const deviceScaleFactor of [1, 1.5]) {
    await withPage(async ({ page }) => {
      const fitted = await boxOf(page);
      const viewport = await page.locator('#viewport').boundingBox();
      assert.ok(fitted.x >= viewport.x && fitted.y >= viewport.y && fitted.x + fitted.width <= viewport.x + viewport.width && fitted.y + fitted.height <= viewport.y + viewport.height);
      await page.keyboard.press('1');
      await on.drawn(page);
      assert.ok(Math.abs((await scaleOf(page)) - 1 / deviceScaleFactor) < 1e-3);
      assert.equal(await page.textContent('#zoom'), '100 %');
      await page.keyboard.press('0');
      await on.drawn(page);
      assert.deepEqual(await boxOf(page), fitted);
      await on.press(page, 'zoom-in');
      await on.drawn(page);
      assert.ok(Math.abs((await scaleOf(page)) / (fitted.width / SIZE[0]) - 1.25) < 0.01);
      await on.press(page, 'fit');
      await on.drawn(page);
      assert.deepEqual(await boxOf(page), fitted);
    }, { deviceScaleFactor });
  }
});

/** Four quarters of colour, so that one sees which way is up. */
const QUARTERS = [[220, 40, 40], [40, 180, 60], [50, 70, 220], [240, 240, 240]];

/** A JPEG of the four quarters, by the browser's own writer. */
async function quartersJpeg(page, width, height) {
  const base64 = await page.evaluate(async ([width, height, quarters]) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    quarters.forEach((colour, i) => {
      context.fillStyle = `rgb(${colour})`;
      context.fillRect(((i % 2) * width) / 2, (Math.floor(i / 2) * height) / 2, width / 2, height / 2);
    });
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 })).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  }, [width, height, QUARTERS]);
  return Buffer.from(base64, 'base64');
}

/** Where a stored pixel is seen (EXIF 2.32, table 6: which side of the picture the stored 0th row and column are). */
const SEEN = {
  1: (x, y) => [x, y],
  2: (x, y, w) => [w - 1 - x, y],
  3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
  4: (x, y, w, h) => [x, h - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, w, h) => [h - 1 - y, x],
  7: (x, y, w, h) => [h - 1 - y, w - 1 - x],
  8: (x, y, w) => [y, w - 1 - x],
};

test('in all eight EXIF orientations a click is on the pixel that is seen there', { timeout: 240_000 }, async () => {
  const [width, height] = [320, 192];
  await withPage(async ({ page }) => {
    const jpeg = await quartersJpeg(page, width, height);
    for (const [orientation, seen] of Object.entries(SEEN)) {
      const isTurned = orientation > 4;
      await on.drop(page, [{ name: `${orientation}.jpg`, type: 'image/jpeg', bytes: withOrientation(jpeg, Number(orientation)) }]);
      await page.waitForFunction((name) => document.querySelector('#file').textContent.startsWith(name), `${orientation}.jpg`);
      await on.untilPhoto(page, isTurned ? `${height} ${width}` : `${width} ${height}`);
      await on.drawn(page);
      const middles = [[60, 40], [260, 40], [60, 150], [260, 150]];
      const pixels = middles.map(([x, y]) => seen(x, y, width, height));
      const screen = await page.screenshot();
      for (const [i, pixel] of pixels.entries()) {
        const place = await on.placeOf(page, ...pixel);
        const colour = await colourAt(page, screen, Math.floor(place.x), Math.floor(place.y));
        const error = Math.max(...colour.map((value, channel) => Math.abs(value - QUARTERS[i][channel])));
        assert.ok(error < 24, `orientation ${orientation}: at ${pixel} is ${colour}, not ${QUARTERS[i]}`);
      }
      await assertClicksLand(page, pixels, `orientation ${orientation}`);
    }
  });
});
