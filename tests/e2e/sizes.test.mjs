// Pull to size: from a new point and on the ring of a kept one; always one step of undo. Keys and the wheel are in size_keys.test.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discPhoto } from './files.mjs';
import * as on from './page.mjs';
import { WITHOUT_MODEL, withSite } from './visit.mjs';

const { CPU_16, PEAR } = on;
const [X, Y] = PEAR;
/** Code before the worker's own: previews are computed, and never come. */
const NO_PREVIEWS = `const tell = self.postMessage.bind(self); self.postMessage = (event, ...rest) => event.kind === 'preview' || tell(event, ...rest);`;
const PIXELS = 1600 * 1200;
/** The share of the sample that a ring of this radius covers, in photo pixels. */
const shareOf = (radius) => (Math.PI * radius ** 2) / PIXELS;
const isNear = (size, wanted, slack = 0.03) => Math.abs(size / wanted - 1) < slack;
const assertNear = (size, wanted, slack) => assert.ok(isNear(size, wanted, slack), `${size} is not ${wanted}`);

/** A click whose mask is there, and the pointer on its point. */
async function clickPear(page) {
  await on.untilReady(page);
  await on.clickPixel(page, ...PEAR);
  await on.untilMask(page, 1);
}

/** Presses on the ring that is seen, on the left of its point, and pulls it to this radius in CSS pixels. The button stays down. */
async function pullRing(page, radius) {
  const middle = await on.placeOf(page, ...PEAR);
  const { radius: from } = await on.untilRing(page);
  await page.mouse.move(middle.x - from, middle.y);
  await on.drawn(page);
  assert.notEqual(await page.getAttribute('#viewport', 'data-ring'), '', 'the cursor does not say that the ring can be pulled');
  await page.mouse.down();
  await page.mouse.move(middle.x - (from + radius) / 2, middle.y);
  await page.mouse.move(middle.x - radius, middle.y);
}

test('a press and a pull place a point as large as it is pulled; outwards grows, inwards shrinks; one undo', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.untilHint(page, /^Click a thing\. Pull to grow it\./);
    const [from, to] = [await on.placeOf(page, ...PEAR), await on.placeOf(page, X + 300, Y)];
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    // In one move: a mask of a place on the way could be taken for that of the end.
    await page.mouse.move(to.x, to.y);
    const [point] = await on.pointsOf(page);
    assert.deepEqual(point, { x: X, y: Y, kind: 'add' }, 'what is pressed is not seen at once');
    const ring = await on.untilRing(page);
    assertNear(ring.taken, shareOf(300));
    const wide = await on.untilLive(page);
    const { x, y } = await on.placeOf(page, X + 120, Y);
    await page.mouse.move(x, y);
    const narrow = await on.untilLive(page, wide);
    assert.ok(Number(narrow) < Number(wide), `${narrow} is not less than ${wide}`);
    assert.equal(await page.isEnabled('header [data-do="undo"]'), false, 'the document changes while it is pulled');
    await page.mouse.up();
    assertNear((await on.sizesOf(page))[0], shareOf(120));
    await on.untilMask(page, 1);
    assertNear(await on.areaOf(page), Number(narrow), 0.25);

    await page.keyboard.press('Control+z');
    assert.deepEqual(await on.pointsOf(page), [], 'a pull is more than one step');
    await on.untilMask(page, 0);
    await page.keyboard.press('Control+Shift+z');
    assertNear((await on.sizesOf(page))[0], shareOf(120));
  }, { query: CPU_16 });
});

test('the mask of a pull stays until that of the document is there, and Esc gives a pull up', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await clickPear(page);
    const kept = await on.contourOf(page);
    await pullRing(page, 160);
    await on.untilLive(page);
    assert.ok(!(await page.locator('.mask .contour').isVisible()), 'two masks are seen at once');
    await page.keyboard.press('Escape');
    assert.deepEqual(await on.sizesOf(page), [null]);
    assert.equal(await on.contourOf(page), kept);
    await page.waitForSelector('#overlay:not(.live)', { state: 'attached' });
    await page.mouse.up();
    assert.deepEqual(await on.sizesOf(page), [null], 'a pull that was given up goes on');
    assert.ok(await page.isDisabled('header [data-do="redo"]'));

    await on.pointAt(page, ...PEAR);
    await pullRing(page, 160);
    await on.untilLive(page);
    const seen = await page.evaluate(() => {
      window.frames = [];
      new MutationObserver(() => {
        const overlay = document.querySelector('#overlay');
        const path = overlay.classList.contains('live') ? '.preview .dashes' : '.mask .contour';
        window.frames.push(Boolean(overlay.querySelector(path)?.getAttribute('d')));
      }).observe(document.querySelector('#overlay'), { subtree: true, attributes: true, childList: true });
      return document.querySelector('.preview .dashes').getAttribute('d');
    });
    assert.ok(seen.length > 20);
    await page.mouse.up();
    await on.contourAfter(page, kept);
    await page.waitForSelector('#overlay:not(.live)', { state: 'attached' });
    assert.ok(await page.evaluate(() => window.frames.every(Boolean)), 'there was a moment without a mask');
  }, { query: CPU_16 });
});

test('the ring of a kept point appears with the pointer, is pulled, and a double click makes the size automatic again', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await clickPear(page);
    const automatic = await on.untilRing(page);
    assert.equal(automatic.size, null);
    assert.ok(automatic.taken > 0.001 && automatic.taken < 0.95);
    const corner = await on.placeOf(page, 40, 40);
    await page.mouse.move(corner.x, corner.y);
    await page.waitForSelector('#ring:not(.seen)', { state: 'attached' });
    await on.pointAt(page, ...PEAR);
    await on.untilRing(page);

    const kept = await on.contourOf(page);
    const radius = automatic.radius > 120 ? automatic.radius / 2 : automatic.radius * 2;
    await pullRing(page, radius);
    assertNear((await on.ringOf(page)).radius, radius, 0.05);
    await page.mouse.up();
    const [size] = await on.sizesOf(page);
    const scale = automatic.radius / Math.sqrt((automatic.taken * PIXELS) / Math.PI);
    assertNear(size, shareOf(radius / scale), 0.1);
    assert.deepEqual(await on.pixelsOf(page), [PEAR], 'the pull has moved the point');
    await on.untilTold(page, radius > automatic.radius ? /^Larger, [\d.]+ % of the photo/ : /^Smaller, [\d.]+ % of the photo/);
    assert.notEqual(await on.contourAfter(page, kept), kept);
    const resized = await on.contourOf(page);

    assert.equal((await on.ringOf(page))?.size, size, 'the pointer is on the ring that it let go, and the ring is gone');
    const grip = page.locator('.grip:visible');
    assert.match(await grip.getAttribute('aria-label'), /^Size: [\d.]+ % of the photo/);
    const { x, y, width, height } = await grip.boundingBox();
    await page.mouse.dblclick(x + width / 2, y + height / 2);
    assert.deepEqual(await on.sizesOf(page), [null]);
    assert.equal(await on.contourAfter(page, resized), kept);
    assert.match(await page.textContent('#announcer'), /^Automatic size, [\d.]+ % of the photo/);
    await page.keyboard.press('Control+z');
    assert.deepEqual(await on.sizesOf(page), [size]);
    await page.keyboard.press('Control+z');
    assert.deepEqual(await on.sizesOf(page), [null], 'a pull of the ring is more than one step');
  }, { query: CPU_16 });
});

test('after the first click ring and hint say how to grow it, also to whoever pulls at the point', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await clickPear(page);
    const { point, radius } = await on.untilRing(page);
    assert.equal(point, 0, 'the pointer is at the point, and its ring is not seen');
    const hint = () => page.textContent('#hint:not([hidden])');
    assert.match(await hint(), /^Pull the ring or press , \. to grow or shrink it\./);
    const cursorAt = async (x, y) => {
      await page.mouse.move(x, y);
      await on.drawn(page);
      return page.evaluate(([x, y]) => getComputedStyle(document.elementFromPoint(x, y)).cursor, [x, y]);
    };
    const { x, y } = await on.placeOf(page, ...PEAR);
    assert.equal(await cursorAt(x - radius, y), 'ew-resize');
    assert.equal(await cursorAt(x, y), 'grab');
    await page.mouse.down();
    await page.mouse.move(x + 20, y);
    await page.mouse.move(x + 40, y);
    await on.drawn(page);
    assert.match(await hint(), /^This moves the point\. Pull the ring/);
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.point')).cursor), 'grabbing');
    await page.mouse.up();
    await on.drawn(page);
    assert.match(await hint(), /^Pull the ring/);
  }, { query: CPU_16 });
});

test('a ring that is let go before a mask of it was seen stays under the pointer', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await clickPear(page);
    const { radius } = await on.untilRing(page);
    const kept = await on.contourOf(page);
    await pullRing(page, radius / 3);
    await page.mouse.up();
    const [size] = await on.sizesOf(page);
    assert.equal((await on.ringOf(page))?.size, size);
    await on.contourAfter(page, kept);
    assert.equal((await on.ringOf(page))?.size, size, 'it is gone when its mask comes');
  }, { query: CPU_16, worker: NO_PREVIEWS });
});

test('a pull out of the photo and out of the window is as large as a size may be, one back to the point is a click', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    const { x, y } = await on.placeOf(page, ...PEAR);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 300, y);
    await page.mouse.move(4000, -3000);
    await page.mouse.up();
    assertNear((await on.sizesOf(page))[0], 0.9, 1e-4);
    await page.keyboard.press('Control+z');
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 8, y);
    await page.mouse.up();
    assertNear((await on.sizesOf(page))[0], 0.001, 1e-4);
    await page.keyboard.press('Control+z');
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 300, y);
    await page.mouse.move(x + 2, y);
    await page.mouse.up();
    assert.deepEqual(await on.sizesOf(page), [null]);
    assert.deepEqual(await on.pixelsOf(page), [PEAR]);
    await page.keyboard.press('Control+z');
    // What is to be left out is pulled as well.
    await on.pull(page, PEAR, [X, Y - 200], { button: 'right' });
    await page.mouse.up({ button: 'right' });
    assert.deepEqual(await on.kindsOf(page), ['remove']);
    assertNear((await on.sizesOf(page))[0], shareOf(200));
  }, WITHOUT_MODEL);
});

test('a moved point keeps its size, and so do the points of a photo that undo comes back to', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.pull(page, PEAR, [X + 200, Y]);
    await page.mouse.up();
    await on.untilMask(page, 1);
    const sizes = await on.sizesOf(page);
    const pulled = await on.contourOf(page);
    await on.drag(page, await on.placeOf(page, ...PEAR), await on.placeOf(page, X - 60, Y - 40));
    assert.deepEqual(await on.pixelsOf(page), [[X - 60, Y - 40]]);
    assert.deepEqual(await on.sizesOf(page), sizes);
    const moved = await on.contourAfter(page, pulled);
    await on.drop(page, [{ name: 'disc.png', type: 'image/png', bytes: discPhoto(320, 240) }]);
    await on.untilPhoto(page, '320 240');
    await on.untilReady(page);
    await page.keyboard.press('Control+z');
    await on.untilPhoto(page, '1600 1200');
    assert.deepEqual(await on.sizesOf(page), sizes);
    await page.waitForFunction((moved) => document.querySelector('.mask .contour')?.getAttribute('d') === moved, moved, { timeout: 60_000 });
  }, { query: CPU_16 });
});

test('a pull on a photo that is still being read is kept, and its mask comes', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await on.pull(page, PEAR, [X + 150, Y]);
    await page.mouse.up();
    assertNear((await on.sizesOf(page))[0], shareOf(150));
    await on.untilMask(page, 1);
    assert.ok(await on.areaOf(page) > 0.005);
  }, { query: CPU_16 });
});

test('the words of a ring cover none of its stops', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await clickPear(page);
    await page.keyboard.press(',');
    await on.untilTold(page, /size \d of \d\.$/);
    const grip = await page.locator('.grip:visible').boundingBox();
    await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
    await page.waitForSelector('#ring .stop', { state: 'attached' });
    await page.waitForSelector('#size-words:not([hidden])');
    const covered = await page.evaluate(() => {
      const words = document.querySelector('#size-words').getBoundingClientRect();
      const isCovered = ({ left, right, top, bottom }) => left < words.right && right > words.left && top < words.bottom && bottom > words.top;
      const stops = [...document.querySelectorAll('#ring .stop')].map((stop) => stop.getBoundingClientRect());
      return { stops: stops.length, covered: stops.filter(isCovered).length };
    });
    assert.ok(covered.stops >= 3, `only ${covered.stops} stops are seen`);
    assert.equal(covered.covered, 0);
  }, { query: CPU_16 });
});
