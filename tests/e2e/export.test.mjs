// The result leaves the page: saved, copied, dragged out; always the photo's own pixels at its own size.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareCutout, discPhoto, maskByCli, sample, scratchFile, withOrientation, compareMasks } from './files.mjs';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };

/** The PNG on the clipboard, as the browser gives it back. */
async function fromClipboard(page) {
  const base64 = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const bytes = new Uint8Array(await (await item.getType('image/png')).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  });
  return Buffer.from(base64, 'base64');
}

test('the cut-out has the photo’s own pixels, by file, clipboard and drag', { timeout: 180_000 }, async () => {
  const photo = discPhoto(640, 480);
  await withSite(async ({ page }) => {
    await on.drop(page, [{ name: 'disc.of.mine.png', type: 'image/png', bytes: photo }]);
    await on.untilPhoto(page, '640 480');
    await on.clickPixel(page, 320, 240);
    await on.untilMask(page, 1);
    const mask = await on.save(page, 'mask');
    assert.equal(mask.name, 'disc.of.mine-mask.png');
    const cutout = await on.save(page, 'cutout');
    assert.equal(cutout.name, 'disc.of.mine-cutout.png');
    const isExact = async (png) => {
      const found = await compareCutout(page, png, mask.bytes, photo);
      assert.deepEqual(found.size, [640, 480]);
      assert.ok(found.opaque > 1000);
      assert.deepEqual([found.notAsMask, found.otherColours], [0, 0], JSON.stringify(found));
    };
    await isExact(cutout.bytes);

    await page.keyboard.press('Control+c');
    await page.waitForFunction(() => /on the clipboard/.test(document.querySelector('#status').textContent));
    await isExact(await fromClipboard(page));
    await on.press(page, 'export');
    await on.press(page, 'copy');
    await page.waitForSelector('#export', { state: 'hidden' });
    await isExact(await fromClipboard(page));
    const byKey = await on.downloaded(page, () => page.keyboard.press('Control+s'));
    assert.ok(byKey.bytes.equals(cutout.bytes));

    await dragsOut(page);
  }, { query: on.CPU_16, context: CLIPBOARD });
});

/** Drags the cut-out with the real pointer: a file for the desktop, and nothing for the page itself. */
async function dragsOut(page) {
  await on.press(page, 'export');
  await on.untilCutout(page);
  await page.evaluate(() => {
    addEventListener('dragstart', ({ dataTransfer }) => (window.dragged = dataTransfer.getData('DownloadURL')));
  });
  const box = await page.locator('.proof div').boundingBox();
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await on.drag(page, middle, { x: 300, y: 400 });
  const shown = await page.$eval('#cutout', ({ src, naturalWidth, naturalHeight }) => ({ src, size: [naturalWidth, naturalHeight] }));
  assert.equal(await page.evaluate(() => window.dragged), `image/png:disc.of.mine-cutout.png:${shown.src}`);
  assert.deepEqual(shown.size, [640, 480]);
  assert.match(await page.textContent('#file'), /^disc\.of\.mine\.png/, 'the page opened what it handed out itself');
  assert.ok(await on.noticeIsHidden(page));
}

test('a turned JPEG is saved upright, with its own pixels and without its EXIF block', { timeout: 180_000 }, async () => {
  const turned = withOrientation(sample(), 6);
  await withSite(async ({ page }) => {
    await on.drop(page, [{ name: 'my.turned.jpg', type: 'image/jpeg', bytes: turned }]);
    await on.untilPhoto(page, '1200 1600');
    assert.match(await page.textContent('#file'), /my\.turned\.jpg · 1200 × 1600/);
    // Orientation 6: what is stored at x, y is seen at 1199 − y, x.
    await on.clickPixel(page, 1199 - on.PEAR[1], on.PEAR[0]);
    await on.untilMask(page, 1);
    const points = await on.pointsOf(page);
    const mask = await on.save(page, 'mask');
    const byCli = maskByCli(scratchFile('turned.jpg', turned), points, { device: 'cpu', resolution: 16 });
    const { sizes, iou } = await compareMasks(page, mask.bytes, byCli);
    assert.deepEqual(sizes[0], [1200, 1600]);
    assert.ok(iou >= 0.99, `IoU ${iou}`);
    const cutout = await on.save(page, 'cutout');
    assert.ok(!cutout.bytes.includes('eXIf') && !cutout.bytes.includes('Exif'));
    const found = await compareCutout(page, cutout.bytes, mask.bytes, turned);
    assert.equal(found.notAsMask, 0);
    // Two JPEG decoders may round a colour differently, by one or two; a premultiplied round trip would not.
    assert.ok(found.opaque > 1000 && found.largest <= 3, JSON.stringify(found));
  }, { query: on.CPU_16 });
});
