// What comes in: dropped, pasted or chosen, at whatever moment, and whatever it is.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { discPhoto, png, sample, samplePath } from './files.mjs';
import * as on from './page.mjs';
import { WITHOUT_MODEL, sharedBrowser, withSite } from './visit.mjs';

const { CPU_16, PEAR } = on;
const fileIs = (page, name) => page.waitForFunction((name) => document.querySelector('#file').textContent.startsWith(name), name);
const closeNotice = async (page) => {
  await on.press(page, 'close-notice');
  await page.waitForSelector('#notice', { state: 'hidden' });
};

/** Pastes what is described, as Ctrl+V does. */
function paste(page, { texts = {}, files = [] }) {
  const named = files.map(({ name, type, bytes }) => ({ name, type, base64: Buffer.from(bytes).toString('base64') }));
  return page.evaluate(([texts, files]) => {
    const clipboardData = new DataTransfer();
    for (const [type, text] of Object.entries(texts)) clipboardData.setData(type, text);
    for (const { name, type, base64 } of files) {
      clipboardData.items.add(new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name, { type }));
    }
    document.querySelector('#viewport').dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData }));
  }, [texts, named]);
}

test('a dropped folder, link and text, and a paste without a photo are told, and nothing is lost', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    const refused = {
      'a link': [() => on.dropTexts(page, { 'text/uri-list': 'https://example.org/a.jpg', 'text/plain': 'https://example.org/a.jpg' }), /That is a link/],
      'a text': [() => on.dropTexts(page, { 'text/plain': 'Hello.' }), /That is text/],
      'a paste of text': [() => paste(page, { texts: { 'text/plain': 'Hello.' } }), /no photo on the clipboard/],
      'a paste of nothing': [() => paste(page, {}), /no photo on the clipboard/],
      'a folder': [() => dropFolder(page), /holidays is a folder/],
    };
    for (const [what, [act, sentence]] of Object.entries(refused)) {
      await act();
      assert.match(await on.notice(page), sentence, what);
      assert.equal(await page.textContent('#notice .primary'), 'Choose a photo', what);
      const chooser = page.waitForEvent('filechooser');
      await page.click('#notice .primary');
      await chooser;
      await page.waitForSelector('#notice', { state: 'hidden' });
    }
    assert.deepEqual(await on.pixelsOf(page), [PEAR]);
    await on.clickPixel(page, ...on.APPLE);
    await on.untilMask(page, 2);
  }, { query: CPU_16 });
});

/** A folder comes as an item whose entry says so, with a file that cannot be read. */
function dropFolder(page) {
  return page.evaluate(() => {
    const entry = { isDirectory: true, isFile: false, name: 'holidays' };
    const file = new File([], 'holidays');
    const dataTransfer = { types: ['Files'], files: [file], items: [{ kind: 'file', type: '', getAsFile: () => file, webkitGetAsEntry: () => entry }] };
    for (const kind of ['dragover', 'drop']) {
      const event = new Event(kind, { bubbles: true, cancelable: true });
      Object.defineProperty(event, 'dataTransfer', { value: dataTransfer });
      document.querySelector('footer').dispatchEvent(event);
    }
  });
}

test('ten files at once open the first, a photo is pasted, and one is chosen', { timeout: 180_000 }, async () => {
  const photo = discPhoto(320, 240);
  await withSite(async ({ page }) => {
    await on.drop(page, Array.from({ length: 10 }, (_, i) => ({ name: `${i}.png`, type: 'image/png', bytes: photo })));
    assert.match(await on.notice(page), /^10 files came.*this is 0\.png\.$/);
    await fileIs(page, '0.png · 320 × 240');
    await closeNotice(page);
    await paste(page, { files: [{ name: 'image.png', type: 'image/png', bytes: discPhoto(200, 100) }] });
    await fileIs(page, 'image.png · 200 × 100');
    const chooser = page.waitForEvent('filechooser');
    await on.press(page, 'open');
    await (await chooser).setFiles(samplePath());
    await fileIs(page, 'still_life.jpg · 1600 × 1200');
    await on.untilReady(page);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
  }, { query: CPU_16 });
});

test('a BMP from the clipboard keeps what is transparent in it', { timeout: 180_000 }, async () => {
  const bmp = readFileSync(new URL('../fixtures/cases/26_bmp32_v5_birgb_alpha_clipboard.bmp', import.meta.url));
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await paste(page, { files: [{ name: 'image.bmp', type: 'image/bmp', bytes: bmp }] });
    await fileIs(page, 'image.bmp · 200 × 136');
    const alphas = await page.evaluate(() => {
      const context = new OffscreenCanvas(200, 136).getContext('2d');
      context.drawImage(document.querySelector('#photo'), 0, 0);
      return [[5, 5], [70, 54]].map(([x, y]) => context.getImageData(x, y, 1, 1).data[3]);
    });
    assert.deepEqual(alphas, [0, 255]);
  }, WITHOUT_MODEL);
});

test('Ctrl+V pastes what Ctrl+C copied', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    await page.keyboard.press('Control+c');
    await page.waitForFunction(() => /on the clipboard/.test(document.querySelector('#status').textContent));
    await page.keyboard.press('Control+v');
    await fileIs(page, 'image.png · 1600 × 1200');
  }, { query: CPU_16, context: { permissions: ['clipboard-read', 'clipboard-write'] } });
});

test('JPEG, PNG, WebP and AVIF are opened where the browser reads them', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    for (const [type, ending] of [['image/webp', 'webp'], ['image/jpeg', 'jpg'], ['image/png', 'png']]) {
      const base64 = await page.evaluate(async (type) => {
        const canvas = new OffscreenCanvas(48, 32);
        canvas.getContext('2d').fillRect(8, 8, 20, 16);
        const bytes = new Uint8Array(await (await canvas.convertToBlob({ type })).arrayBuffer());
        return btoa(String.fromCharCode(...bytes));
      }, type);
      await on.drop(page, [{ name: `a.${ending}`, type, bytes: Buffer.from(base64, 'base64') }]);
      await fileIs(page, `a.${ending} · 48 × 32`);
    }
    await on.drop(page, [{ name: 'a.avif', type: 'image/avif', bytes: Buffer.from(AVIF, 'base64') }]);
    await fileIs(page, 'a.avif · 2 × 2');
  }, { query: CPU_16 });
});

/** An AVIF of 2 × 2 pixels. */
const AVIF =
  'AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAAB0AAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAAIAAAACAAAAEHBpeGkAAAAAAwgICAAAAAxhdjFDgQ0MAAAAABNjb2xybmNseAACAAIAAYAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAACVtZGF0EgAKCBgANogQEAwgMg8f8D///8WfhwB8+ErK42A=';

test('a file that vanishes while it is read is told, and the open photo stays', { timeout: 180_000 }, async () => {
  const gone = `
    const isGone = () => Promise.reject(new DOMException('The file could not be read.', 'NotReadableError'));
    const { arrayBuffer } = Blob.prototype;
    Blob.prototype.arrayBuffer = function () { return self.isGone ? isGone() : arrayBuffer.call(this); };
  `;
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    await page.workers()[0].evaluate(() => void (self.isGone = true));
    await on.drop(page, [{ name: 'gone.jpg', type: 'image/jpeg', bytes: sample() }]);
    assert.match(await on.notice(page), /could not be read|gone|no longer/i);
    assert.equal(await page.textContent('#notice .primary'), 'Choose a photo');
    await fileIs(page, 'still_life.jpg');
    await on.clickPixel(page, ...on.APPLE);
    await on.untilMask(page, 2);
  }, { query: CPU_16, worker: gone });
});

test('a photo larger than any texture is opened, cut out and saved at its size', { timeout: 240_000 }, async () => {
  const [width, height] = [20_000, 300];
  const wide = png(width, height, (x, y) => (Math.hypot(x - 10_000, y - 150) < 110 ? [200, 40, 40] : [40, 60, 120]));
  await withSite(async ({ page }) => {
    await on.drop(page, [{ name: 'wide.png', type: 'image/png', bytes: wide }]);
    await on.untilPhoto(page, `${width} ${height}`);
    await on.untilReady(page);
    await on.clickPixel(page, 10_000, 150);
    await on.untilMask(page, 1);
    assert.ok((await on.areaOf(page)) > 0);
    const { bytes } = await on.save(page, 'mask');
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [width, height]);
  }, { query: CPU_16 });
});

test('a photo dropped while the first is read takes its place', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await page.waitForFunction(() => /photo · \d+ %/.test(document.querySelector('#status').textContent));
    await on.drop(page, [{ name: 'one.png', type: 'image/png', bytes: discPhoto(640, 480) }]);
    await on.drop(page, [{ name: 'two.png', type: 'image/png', bytes: discPhoto(320, 240) }]);
    await on.untilPhoto(page, '320 240');
    await on.clickPixel(page, 160, 120);
    await on.untilMask(page, 1);
    assert.match(await page.textContent('#file'), /^two\.png · 320 × 240/);
    assert.ok((await on.areaOf(page)) > 0.05);
    assert.ok(await on.noticeIsHidden(page));
  }, { query: on.CPU_32 });
});

test('a click before the model is there is kept and answered', { timeout: 180_000 }, async () => {
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  const change = (name, read) => (name.endsWith('.bin') ? gate.then(read) : undefined);
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await on.clickPixel(page, ...PEAR);
    await page.waitForTimeout(300);
    assert.deepEqual(await on.pixelsOf(page), [PEAR]);
    assert.equal(await page.getAttribute('#overlay', 'data-points'), '0');
    open();
    await on.untilMask(page, 1);
  }, { query: CPU_16, change });
});

test('where the clipboard is denied the cut-out is saved instead', { timeout: 180_000 }, async () => {
  await withSite(async ({ page, context, url }) => {
    const session = await (await sharedBrowser()).newBrowserCDPSession();
    const { targetInfo } = await (await context.newCDPSession(page)).send('Target.getTargetInfo');
    const denied = { permission: { name: 'clipboard-write' }, setting: 'denied', origin: new URL(url).origin, browserContextId: targetInfo.browserContextId };
    await session.send('Browser.setPermission', denied);
    await on.untilReady(page);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    await page.keyboard.press('Control+c');
    assert.match(await on.notice(page), /does not let the page use the clipboard/);
    assert.equal(await page.textContent('#notice .primary'), 'Save it instead');
    const { name } = await on.downloaded(page, () => page.click('#notice .primary'));
    assert.equal(name, 'still_life-cutout.png');
  }, { query: CPU_16 });
});
