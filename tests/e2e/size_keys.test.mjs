// The size of a point by keys and by the wheel: before the click and after it, told to a screen reader.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

const { APPLE, CPU_16, PEAR } = on;
const assertNear = (size, wanted, slack) => assert.ok(Math.abs(size / wanted - 1) < slack, `${size} is not ${wanted}`);

/** A click whose mask is there, and the pointer on its point. */
async function clickPear(page) {
  await on.untilReady(page);
  await on.clickPixel(page, ...PEAR);
  await on.untilMask(page, 1);
}

test('comma and full stop step through the stops of the newest point, and say so', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await clickPear(page);
    await on.pointAway(page);
    const automatic = await on.areaOf(page);
    await page.keyboard.press(',');
    const smaller = await on.untilTold(page, /^Smaller, [\d.]+ % of the photo, size \d of \d\.$/);
    const [, place, count] = /size (\d) of (\d)/.exec(smaller).map(Number);
    assert.ok(await on.areaOf(page) < automatic);
    const ring = await on.untilRing(page);
    assert.equal(ring.size, (await on.sizesOf(page))[0]);
    await page.keyboard.press('.');
    const told = await on.untilTold(page, /^Automatic size, [\d.]+ % of the photo, size \d of \d\.$/);
    assert.match(told, new RegExp(`size ${place + 1} of ${count}`));
    assert.deepEqual(await on.sizesOf(page), [null]);
    assert.equal(await on.areaOf(page), automatic);
    for (let i = place + 1; i < count; i++) {
      await page.keyboard.press('.');
      await on.untilTold(page, new RegExp(`^Larger, [\\d.]+ % of the photo, size ${i + 1} of ${count}\\.$`));
    }
    await page.keyboard.press('.');
    await on.untilTold(page, /^This is the largest size\.$/);
    for (let i = count; i > place; i--) await page.keyboard.press('Control+z');
    assert.equal((await on.sizesOf(page))[0], ring.size, 'a step of the keys is a step of undo');
    await page.keyboard.press('Control+z');
    assert.deepEqual(await on.sizesOf(page), [null]);
  }, { query: CPU_16 });
});

test('the keys choose the size before the click too, by pointer and by keyboard cursor', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.pointAt(page, ...PEAR);
    await on.untilPreview(page);
    await page.keyboard.press('.');
    await on.untilTold(page, /^Larger, [\d.]+ % of the photo, size \d of \d\.$/);
    const { size, point } = await on.untilRing(page);
    assert.equal(point, -1);
    assert.ok(size > 0.001);
    assert.deepEqual(await on.pointsOf(page), [], 'a key places no point');
    await on.clickPixel(page, ...PEAR);
    assert.deepEqual(await on.sizesOf(page), [size]);
    await on.untilMask(page, 1);
    await page.keyboard.press('Control+z');
    await on.untilMask(page, 0);

    // Elsewhere it is the automatic size again.
    await on.pointAt(page, ...APPLE);
    await page.waitForSelector('#ring:not(.seen)', { state: 'attached' });
    await on.clickPixel(page, ...APPLE);
    assert.deepEqual(await on.sizesOf(page), [null]);
    await page.keyboard.press('Control+z');
    await on.untilMask(page, 0);

    await on.pointAway(page);
    await on.focusStage(page);
    await page.keyboard.press('Enter');
    await on.untilPreview(page);
    await page.keyboard.press(',');
    await on.untilTold(page, /^Smaller, [\d.]+ % of the photo, size \d of \d\.$/);
    const ring = await on.untilRing(page);
    await page.keyboard.press('Enter');
    assert.deepEqual(await on.sizesOf(page), [ring.size]);
  }, { query: CPU_16 });
});

test('a ring with the focus has a name, is changed by arrows and pressed to the next stop', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await clickPear(page);
    await on.pointAway(page);
    const isGrip = () => page.evaluate(() => document.activeElement.classList.contains('grip'));
    for (let i = 0; i < 40 && !(await isGrip()); i++) {
      await page.keyboard.press('Tab');
      await on.drawn(page);
    }
    assert.ok(await isGrip(), 'Tab never reaches the ring');
    const name = () => page.evaluate(() => document.activeElement.ariaLabel);
    assert.match(await name(), /^Size: [\d.]+ % of the photo, automatic/);
    const { taken } = await on.untilRing(page);
    await page.keyboard.press('ArrowUp');
    assertNear((await on.sizesOf(page))[0], taken * 1.1, 0.001);
    await on.untilTold(page, /^Larger, [\d.]+ % of the photo\.$/);
    await page.keyboard.press('ArrowLeft');
    assertNear((await on.sizesOf(page))[0], taken, 0.001);
    assert.ok(await isGrip(), 'a size that changes takes the focus away');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, 'none');
    const [before] = await on.sizesOf(page);
    await page.keyboard.press('Enter');
    await page.waitForFunction((before) => Number(document.querySelector('.point').dataset.size) > before * 1.05, before);
    await on.untilTold(page, /size \d of \d\.$/);
    assert.match(await name(), /size \d of \d$/);
  }, { query: CPU_16 });
});

test('a key between two pulls by hand does not hold the ring of the point that was pulled', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await clickPear(page);
    await on.untilRing(page);
    await on.settled(page);
    const { x, y, width, height } = await page.locator('.grip:visible').boundingBox();
    await page.mouse.click(x + width / 2, y + height / 2);
    await page.keyboard.press(',');
    await on.untilTold(page, /^Smaller/);
    assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
    await on.pointAt(page, 60, 60);
    await page.waitForSelector('#ring:not(.seen)', { state: 'attached' });
    await page.keyboard.press('Shift+Tab');
    // The point has the focus, and its ring: before that is drawn there is no grip to go on to.
    await on.untilRing(page);
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => document.activeElement.classList.contains('grip'));
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
  }, { query: CPU_16 });
});

test('Alt and the wheel change a size without steps, before the click and after it', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await clickPear(page);
    const { taken } = await on.untilRing(page);
    const zoom = await page.textContent('#zoom');
    await page.keyboard.down('Alt');
    for (let i = 0; i < 3; i++) await page.mouse.wheel(0, 100);
    await page.waitForFunction((taken) => Number(document.querySelector('#ring').dataset.taken) < taken * 0.6, taken);
    await on.untilLive(page);
    assert.deepEqual(await on.sizesOf(page), [null]);
    await page.keyboard.up('Alt');
    assertNear((await on.sizesOf(page))[0], taken * Math.exp(-0.6), 0.01);
    await on.untilTold(page, /^Smaller, [\d.]+ % of the photo/);
    assert.equal(await page.textContent('#zoom'), zoom, 'the photo was zoomed too');
    await page.keyboard.press('Control+z');
    assert.deepEqual(await on.sizesOf(page), [null], 'a turn of the wheel is more than one step');
    await page.keyboard.press('Control+z');
    await on.untilMask(page, 0);

    await on.pointAt(page, ...APPLE);
    await on.untilPreview(page);
    await page.keyboard.down('Alt');
    await page.mouse.wheel(0, -200);
    const ring = await on.untilRing(page);
    await page.keyboard.up('Alt');
    assert.deepEqual(await on.pointsOf(page), []);
    await on.clickPixel(page, ...APPLE);
    assertNear((await on.sizesOf(page))[0], ring.taken, 0.001);
  }, { query: CPU_16 });
});

test('of two contradictory points on one pixel the later takes the place of the other, its size too', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.focusStage(page);
    await page.keyboard.press('Enter');
    await on.untilPreview(page);
    await page.keyboard.press('.');
    await on.untilTold(page, /^Larger/);
    await page.keyboard.press('Enter');
    await on.untilMask(page, 1);
    const [{ x, y }] = await on.pointsOf(page);
    assert.notDeepEqual(await on.sizesOf(page), [null]);
    await page.keyboard.press('Shift+Enter');
    assert.deepEqual(await on.pointsOf(page), [{ x, y, kind: 'remove' }]);
    assert.deepEqual(await on.sizesOf(page), [null]);
    await page.keyboard.press('Control+z');
    assert.deepEqual(await on.kindsOf(page), ['add']);
    assert.notDeepEqual(await on.sizesOf(page), [null]);
  }, { query: CPU_16 });
});
