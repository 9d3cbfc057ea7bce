// The photos that the page brings along: one to begin with, the others by address and by a button.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as on from './page.mjs';
import { WITHOUT_MODEL, withSite } from './visit.mjs';

const untilFile = (page, name) => page.waitForFunction((name) => document.querySelector('#file').textContent.startsWith(name), name);

test('the page opens on the easy sample, and the address asks for the other one', { timeout: 180_000 }, async () => {
  const query = '?device=cpu&resolution=16';
  await withSite(async ({ page, url }) => {
    await untilFile(page, 'duck.jpg');
    await on.untilPhoto(page);
    await page.goto(`${url}${query}&sample=still_life`);
    await untilFile(page, 'still_life.jpg');
    assert.ok(await on.noticeIsHidden(page));
    await page.goto(`${url}${query}&sample=cat`);
    assert.equal(await on.notice(page), 'There is no sample “cat”. There are duck and still_life.');
    await untilFile(page, 'duck.jpg');
  }, { ...WITHOUT_MODEL, query });
});

test('a button opens the other sample, and undo comes back', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.clickPixel(page, ...on.PEAR);
    await on.untilMask(page, 1);
    await on.press(page, 'how');
    assert.match(await page.textContent('#how [data-do="sample"]'), /^Try the other sample: a duck/);
    await on.press(page, 'sample');
    await untilFile(page, 'duck.jpg');
    assert.ok(await page.locator('#how').isHidden());
    await on.untilReady(page);
    await on.press(page, 'how');
    assert.match(await page.textContent('#how [data-do="sample"]'), /^Try the other sample: a still life/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+z');
    await untilFile(page, 'still_life.jpg');
    assert.deepEqual(await on.pixelsOf(page), [on.PEAR]);
  }, { query: on.CPU_16 });
});

test('a sample that does not come is said so, and the photo stays', { timeout: 180_000 }, async () => {
  const change = (name) => (name === 'sample/duck.jpg' ? 404 : WITHOUT_MODEL.change(name));
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await on.press(page, 'how');
    await on.press(page, 'sample');
    assert.match(await on.notice(page), /The other sample did not come\./);
    assert.match(await page.textContent('#file'), /^still_life\.jpg/);
  }, { query: on.CPU_16, change });
});
