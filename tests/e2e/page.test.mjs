// The loop: point, click, done. What comes of it is the mask that the command line makes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskByCli, compareMasks, realPhotos, samplePath } from './files.mjs';
import * as on from './page.mjs';
import { WITHOUT_MODEL, withSite } from './visit.mjs';

const { APPLE, CPU_16, PEAR } = on;
const [X, Y] = PEAR;
const JUG = [400, 420];

for (const [device, resolution] of [['cpu', 32], ['gpu', 16]]) {
  test(`two clicks on the sample save the mask of the command line (${device}, R = ${resolution})`, { timeout: 300_000 }, async () => {
    await withSite(
      async ({ page, faults }) => {
        await on.untilReady(page);
        await on.clickPixel(page, ...PEAR);
        await on.clickPixel(page, ...APPLE, { button: 'right' });
        await on.untilMask(page, 2);
        const points = await on.pointsOf(page);
        assert.deepEqual(points, [{ x: PEAR[0], y: PEAR[1], kind: 'add' }, { x: APPLE[0], y: APPLE[1], kind: 'remove' }]);
        const saved = await on.save(page, 'mask');
        assert.equal(saved.name, 'still_life-mask.png');
        const { sizes, iou, pixels } = await compareMasks(page, saved.bytes, maskByCli(samplePath(), points, { device, resolution }));
        assert.deepEqual(sizes, [[1600, 1200], [1600, 1200]]);
        assert.ok(pixels > 1000, 'a mask of next to nothing proves nothing');
        assert.ok(iou >= 0.99, `IoU ${iou}`);
        assert.deepEqual(faults, []);
      },
      { query: `?device=${device}&resolution=${resolution}&sample=still_life` },
    );
  });
}

test('with WebGPU switched off the loop is the same: sample, point, click, save', { timeout: 300_000 }, async () => {
  await withSite(
    async ({ page, faults }) => {
      await on.untilReady(page);
      assert.equal(await page.textContent('#device b'), 'CPU');
      assert.equal(await page.textContent('#grid'), '32 × 32');
      await on.pointAt(page, ...PEAR);
      await on.untilPreview(page);
      await on.clickPixel(page, ...PEAR);
      await on.untilMask(page, 1);
      const { bytes } = await on.save(page, 'mask');
      const byCli = maskByCli(samplePath(), await on.pointsOf(page), { device: 'cpu', resolution: 32 });
      const { iou, pixels } = await compareMasks(page, bytes, byCli);
      assert.ok(pixels > 1000 && iou >= 0.99, `IoU ${iou} of ${pixels} pixels`);
      assert.deepEqual(faults, []);
    },
    { webgpu: false, query: '?sample=still_life' },
  );
});

test('masks of different points differ by this comparison', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    const of = (x, y) => maskByCli(samplePath(), [{ x, y, kind: 'add' }], { device: 'cpu', resolution: 16 });
    assert.ok((await compareMasks(page, of(...PEAR), of(200, 100))).iou < 0.9);
  });
});

test('pointing at a thing previews its mask, and another thing another one; clicking keeps it', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.untilHint(page, /Click a thing\. Pull to grow it\. Drop your own photo anywhere\./);
    const outline = () => page.getAttribute('.preview .dashes', 'd');
    await on.pointAt(page, ...PEAR);
    await on.untilPreview(page);
    assert.equal(await on.stateOf(page), 'preview');
    assert.equal(await page.getAttribute('#status', 'data-state'), 'ready', 'a preview is no work that anybody waits for');
    const pear = await outline();
    assert.ok(pear.length > 20);
    await on.pointAt(page, ...APPLE);
    await page.waitForFunction((former) => !['', former].includes(document.querySelector('.preview .dashes').getAttribute('d')), pear);
    await on.pointAway(page);
    await page.waitForSelector('#overlay[data-preview=""]', { state: 'attached' });
    assert.equal(await outline(), '');
    assert.equal((await on.pointsOf(page)).length, 0);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    assert.ok(await on.areaOf(page) > 0.005);
  }, { query: CPU_16 });
});

test('beside a kept mask a preview shows what it would change, and the rest keeps its colours', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    const PLACES = { pear: [X, Y - 90], jug: JUG };
    /** A few pixels around places of the photo, as they are seen. */
    const seen = async () => {
      await on.settled(page);
      const patches = {};
      for (const [name, pixel] of Object.entries(PLACES)) {
        const { x, y } = await on.placeOf(page, ...pixel);
        patches[name] = (await page.screenshot({ clip: { x: x - 3, y: y - 3, width: 6, height: 6 } })).toString('base64');
      }
      return patches;
    };
    const point = async (x, y, key) => {
      const former = await page.getAttribute('#overlay', 'data-preview');
      if (key) await page.keyboard.down(key);
      await on.pointAt(page, x, y);
      await page.waitForFunction((former) => !['', former].includes(document.querySelector('#overlay').dataset.preview), former);
      if (key) await page.keyboard.up(key);
    };
    const bare = await seen();
    await point(...PLACES.pear);
    assert.notEqual((await seen()).pear, bare.pear, 'before the first click all of the preview is tinted');
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    await on.pointAway(page);
    const kept = await seen();
    assert.equal(kept.pear, bare.pear, 'a kept object is not in its own colours');
    assert.notEqual(kept.jug, bare.jug);
    await point(X + 30, Y + 20);
    assert.deepEqual(await seen(), kept, 'a preview of the same tints it');
    await point(...JUG);
    const added = await seen();
    assert.equal(added.pear, kept.pear);
    assert.notEqual(added.jug, kept.jug, 'what would come is not seen');
    await point(...PLACES.pear, 'Shift');
    const removed = await seen();
    assert.notEqual(removed.pear, kept.pear, 'what would go is not seen');
    assert.equal(removed.jug, kept.jug);
  }, { query: CPU_16 });
});

test('points are added, left out, moved and deleted; undo and redo have no end; the old mask stays until the new one', { timeout: 300_000 }, async () => {
  await withSite(async ({ page }) => {
    // Before the model is there: the click waits.
    await on.untilPhoto(page);
    await on.clickPixel(page, ...PEAR);
    const isFollowed = () => document.querySelector('#hint').hidden || !/Click a thing/.test(document.querySelector('#hint').textContent);
    await page.waitForFunction(isFollowed);
    await on.untilMask(page, 1);
    const first = await on.contourOf(page);

    const contours = await on.watchContours(page);
    await on.clickPixel(page, ...APPLE, { button: 'right' });
    await on.untilMask(page, 2);
    const second = await on.contourOf(page);
    const seen = await contours();
    assert.ok(seen.length === 2 && seen[0] === first && seen[1] === second, `contours of ${seen.map(({ length }) => length)} characters`);
    await on.clickPixel(page, 1400, 780, { key: 'Shift' });
    await on.clickPixel(page, 900, 420, { key: 'Alt' });
    await on.untilMask(page, 4);
    assert.deepEqual(await on.kindsOf(page), ['add', 'remove', 'remove', 'remove']);

    await on.drag(page, await on.placeOf(page, 900, 420), await on.placeOf(page, 1000, 300));
    assert.deepEqual((await on.pixelsOf(page))[3], [1000, 300], 'a drag moves a point');
    await on.clickPixel(page, 1400, 780);
    assert.deepEqual(await on.pixelsOf(page), [PEAR, APPLE, [1000, 300]], 'a click on a point deletes it');
    await on.untilMask(page, 3);

    const states = [[PEAR, APPLE, [1400, 780], [1000, 300]], [PEAR, APPLE, [1400, 780], [900, 420]], [PEAR, APPLE, [1400, 780]], [PEAR, APPLE], [PEAR], []];
    for (const state of states) {
      await page.keyboard.press('Control+z');
      assert.deepEqual(await on.pixelsOf(page), state, 'a drag is one step, and so is everything else');
    }
    await on.untilMask(page, 0);
    assert.ok(await page.isDisabled('[data-do="export"]'));
    for (const state of [[PEAR], [PEAR, APPLE]]) {
      await page.keyboard.press('Control+Shift+z');
      assert.deepEqual(await on.pixelsOf(page), state);
    }
    await page.keyboard.press('Control+y');
    await on.press(page, 'redo');
    await on.press(page, 'redo');
    await on.press(page, 'redo');
    assert.deepEqual(await on.pixelsOf(page), [PEAR, APPLE, [1000, 300]]);
    assert.ok(await page.isDisabled('header [data-do="redo"]'));

    await on.untilMask(page, 3);
    await page.keyboard.press('Escape');
    await on.untilMask(page, 0);
    assert.deepEqual(await on.pointsOf(page), []);
    await on.press(page, 'undo');
    await on.untilMask(page, 3);
  }, { query: CPU_16 });
});

test('Esc and undo take a dragged point out of the hand, and whatever the button does then moves nothing', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    for (const pixel of [APPLE, PEAR]) await on.clickPixel(page, ...pixel);
    for (const [key, points] of [['Escape', [APPLE, PEAR]], ['Control+z', [APPLE]]]) {
      const { x, y } = await on.placeOf(page, ...APPLE);
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x, y - 30);
      await on.drawn(page);
      assert.notEqual((await on.pixelsOf(page))[0][1], APPLE[1], 'nothing is dragged');
      await page.keyboard.press(key);
      assert.deepEqual(await on.pixelsOf(page), points);
      await page.mouse.move(x, y - 60);
      await page.mouse.up();
      assert.deepEqual(await on.pixelsOf(page), points);
    }
  }, WITHOUT_MODEL);
});

test('a moved point makes another mask, and undone the same as before', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    const pear = await on.contourOf(page);
    await on.drag(page, await on.placeOf(page, ...PEAR), await on.placeOf(page, ...APPLE));
    assert.notEqual(await on.contourAfter(page, pear), '');
    const apple = await on.contourOf(page);
    await page.keyboard.press('Control+z');
    assert.equal(await on.contourAfter(page, apple), pear);
  }, { query: CPU_16 });
});

test('undo comes back from another photo to the former one and its points', { timeout: 180_000 }, async (t) => {
  const photos = realPhotos();
  if (!photos) return t.skip('../shared/data/GrabCut is not on this machine');
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    const pear = await on.contourOf(page);
    for (const { name, pixel, bytes } of photos) {
      await on.drop(page, [{ name, type: 'image/png', bytes }]);
      await page.waitForFunction((name) => document.querySelector('#file').textContent.startsWith(name), name);
      assert.deepEqual(await on.pointsOf(page), [], 'a new photo starts without points');
      await on.untilReady(page);
      await on.clickPixel(page, ...pixel);
      await on.untilMask(page, 1);
      const area = await on.areaOf(page);
      assert.ok(area > 0.01 && area < 0.9, `the mask of ${name} has ${area} of the photo`);
    }
    for (let i = 0; i < 2 * photos.length; i++) await page.keyboard.press('Control+z');
    await on.untilPhoto(page, '1600 1200');
    assert.deepEqual(await on.pixelsOf(page), [PEAR]);
    await page.waitForFunction((pear) => document.querySelector('.mask .contour')?.getAttribute('d') === pear, pear);
  }, { query: CPU_16 });
});

test('How it works grows the Markov map of the last click, in iterations, and links to the paper', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.press(page, 'how');
    assert.match(await page.textContent('#how-step'), /Click a thing/);
    await page.keyboard.press('Escape');
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    await on.press(page, 'how');
    await page.waitForSelector('#markov-map[data-step]');
    const step = () => page.getAttribute('#markov-map', 'data-step').then(Number);
    const early = await step();
    await page.waitForFunction((early) => Number(document.querySelector('#markov-map').dataset.step) > early, early);
    assert.match(await page.textContent('#how-step'), /^\d+ iterations? from the last click$/);
    assert.match(await page.getAttribute('#how a', 'href'), /^https:\/\/arxiv\.org\/abs\/2411\.10411$/);
    assert.equal(await page.$$eval('#how p:not(.quiet):not(:has(a))', ([text]) => text.textContent.trim().split(/\.\s/).length), 3);
  }, { query: CPU_16 });
});
