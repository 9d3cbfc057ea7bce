// All of it by keyboard, told to whoever cannot see it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as on from './page.mjs';
import { WITHOUT_MODEL, withSite } from './visit.mjs';

const { CPU_16, PEAR } = on;

const pressTimes = async (page, key, times) => {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
};

test('arrows move a cursor, Enter adds there, Shift and Enter leaves out, and it is previewed and announced', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.focusStage(page);
    assert.ok(await page.locator('#cursor').isHidden());
    // The first arrow shows the cursor, in the middle of the photo.
    await pressTimes(page, 'ArrowDown', 1);
    await on.drawn(page);
    assert.ok(await page.locator('#cursor').isVisible());
    await pressTimes(page, 'ArrowDown', 14);
    await pressTimes(page, 'Shift+ArrowRight', 3);
    await on.untilPreview(page);
    await page.keyboard.press('Enter');
    const [point] = await on.pointsOf(page);
    assert.equal(point.kind, 'add');
    assert.equal(point.x, 803, 'with Shift an arrow is one photo pixel');
    assert.ok(point.y > 650, 'without it is more');
    const cursor = await page.locator('#cursor').boundingBox();
    const place = await on.placeOf(page, point.x, point.y);
    assert.ok(Math.hypot(cursor.x + 11 - place.x, cursor.y + 11 - place.y) < 1.5, 'the point is where the cursor is');
    await on.untilMask(page, 1);
    const percent = Math.round(100 * (await on.areaOf(page)));
    assert.equal(await page.textContent('#announcer'), `Mask updated, ${percent} % of the photo`);
    await pressTimes(page, 'ArrowUp', 30);
    await page.keyboard.press('Shift+Enter');
    assert.deepEqual(await on.kindsOf(page), ['add', 'remove']);
    await on.untilMask(page, 2);
  }, { query: CPU_16 });
});

test('Tab reaches points with names; arrows move the one that has the focus, Delete deletes it', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await on.clickPixel(page, ...PEAR);
    await on.clickPixel(page, 300, 300, { button: 'right' });
    await on.pointsOf(page);
    await page.keyboard.press('Tab');
    const focused = () => page.evaluate(() => ({ name: document.activeElement.ariaLabel, index: document.activeElement.dataset.index }));
    assert.deepEqual(await focused(), { name: 'Add at 784, 822', index: '0' });
    await page.keyboard.press('Tab');
    assert.deepEqual(await focused(), { name: 'Leave out at 300, 300', index: '1' });
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('Shift+ArrowDown');
    assert.deepEqual((await on.pixelsOf(page))[1], [299, 301]);
    assert.equal((await focused()).name, 'Leave out at 299, 301', 'a moved point keeps the focus');
    await page.keyboard.press('Delete');
    assert.deepEqual(await on.pixelsOf(page), [PEAR]);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'viewport');
    await page.keyboard.press('Control+z');
    assert.equal((await on.pointsOf(page)).length, 2);
    await page.keyboard.press('Escape');
    await on.drawn(page);
    assert.equal(await page.textContent('#announcer'), 'No points');
  }, WITHOUT_MODEL);
});

test('? opens the sheet and Esc closes it; H hides what lies over the photo while it is held', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await on.clickPixel(page, ...PEAR);
    await page.keyboard.press('?');
    await page.waitForSelector('#keys[open]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#keys', { state: 'hidden' });
    assert.equal((await on.pointsOf(page)).length, 1, 'Esc closed the sheet and cleared the points too');
    await page.keyboard.down('h');
    await on.drawn(page);
    assert.ok(!(await page.locator('.point').isVisible()) && !(await page.locator('#overlay').isVisible()));
    await page.keyboard.up('h');
    await on.drawn(page);
    assert.ok((await page.locator('.point').isVisible()) && (await page.locator('#overlay').isVisible()));
  }, WITHOUT_MODEL);
});

test('from opening to the saved file without a pointer', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.focusStage(page);
    await pressTimes(page, 'ArrowDown', 16);
    await page.keyboard.press('Enter');
    await on.untilMask(page, 1);
    const reached = async (command) => {
      for (let i = 0; i < 40; i++) {
        if (await page.evaluate((command) => document.activeElement.dataset.do === command, command)) return;
        await page.keyboard.press('Tab');
      }
      assert.fail(`Tab never reaches ${command}`);
    };
    await reached('export');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#export:not([hidden])');
    await reached('save-mask');
    const { name } = await on.downloaded(page, () => page.keyboard.press('Enter'));
    assert.equal(name, 'still_life-mask.png');
    await on.drawn(page);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'viewport', 'the focus is back at the photo');
  }, { query: CPU_16 });
});

test('the focus is seen on everything that Tab reaches', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await on.clickPixel(page, ...PEAR);
    await on.pointsOf(page);
    const names = [];
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate(() => {
        const { activeElement: node } = document;
        const { outlineStyle, outlineWidth } = getComputedStyle(node);
        const box = node.getBoundingClientRect();
        return { name: node.dataset?.do ?? node.id ?? node.className ?? node.tagName, isSeen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && box.width > 0, isBody: node === document.body };
      });
      if (focus.isBody) continue;
      assert.ok(focus.isSeen, `the focus on ${focus.name} is not seen`);
      names.push(focus.name);
    }
    for (const name of ['undo', 'zoom-in', 'fit', 'open', 'viewport', 'device', 'how', 'keys']) assert.ok(names.includes(name), `${name} is not among ${[...new Set(names)]}`);
  }, WITHOUT_MODEL);
});

test('with reduced motion nothing moves by itself', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    await on.press(page, 'how');
    await page.waitForSelector('#markov-map[data-step]');
    const step = await page.getAttribute('#markov-map', 'data-step');
    await page.waitForTimeout(400);
    assert.equal(await page.getAttribute('#markov-map', 'data-step'), step);
    assert.deepEqual(await page.evaluate(() => document.getAnimations().length), 0);
  }, { query: CPU_16, context: { reducedMotion: 'reduce' } });
});
