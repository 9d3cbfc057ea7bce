// What goes wrong is said in a sentence with the next step, the next step works, and nothing that was made is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sample } from './files.mjs';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

const { APPLE, CPU_16, PEAR } = on;
const isShard = (name) => name.startsWith('models/') && name.endsWith('.bin');
const buttonOf = (page) => page.textContent('#notice .primary');
const pressNotice = (page) => page.click('#notice .primary');

/** The host answers wrongly until `heal` is called. */
function faultyHost(isWrong, answer) {
  let isHealed = false;
  return {
    change: (name, read) => (!isHealed && isWrong(name) ? answer(read) : undefined),
    heal: () => (isHealed = true),
  };
}

const edited = (edit) => (read) => {
  const bytes = Buffer.from(read());
  return edit(bytes) ?? bytes;
};

const MODEL_FAULTS = {
  'a damaged shard': [isShard, edited((bytes) => void (bytes[1000] ^= 1)), /arrived damaged/],
  'a shard that is cut off': [isShard, edited((bytes) => bytes.subarray(0, -100)), /arrived damaged/],
  'a shard that is missing': [isShard, () => 404, /part of the model is missing/],
  'a host that is down': [isShard, () => 503, /did not arrive/],
  'a pack.json that is missing': [(name) => name.endsWith('pack.json'), () => 404, /part of the model is missing/],
  'a pack.json that is no JSON': [(name) => name.endsWith('pack.json'), () => Buffer.from('<html>'), /arrived damaged/],
};

for (const [what, [isWrong, answer, sentence]] of Object.entries(MODEL_FAULTS)) {
  test(`${what} is told, and loading again helps`, { timeout: 240_000 }, async () => {
    const { change, heal } = faultyHost(isWrong, answer);
    await withSite(
      async ({ page }) => {
        assert.match(await on.notice(page), sentence);
        assert.equal(await buttonOf(page), 'Load the model again');
        heal();
        await pressNotice(page);
        await on.untilReady(page);
        assert.ok(await on.noticeIsHidden(page));
      },
      { query: CPU_16, change },
    );
  });
}

test('a model newer than the page asks to reload the page', { timeout: 240_000 }, async () => {
  const newer = (read) => Buffer.from(JSON.stringify({ ...JSON.parse(read()), version: 99 }));
  const change = (name, read) => (name.endsWith('pack.json') ? newer(read) : undefined);
  await withSite(
    async ({ page }) => {
      assert.match(await on.notice(page), /newer than this page/);
      assert.equal(await buttonOf(page), 'Reload the page');
    },
    { query: CPU_16, change },
  );
});

test('a resolution that the model cannot have is told with those that fit', { timeout: 240_000 }, async () => {
  await withSite(
    async ({ page, url }) => {
      assert.match(await on.notice(page), /17/);
      await pressNotice(page);
      await page.waitForURL(url);
    },
    { query: '?device=cpu&resolution=17' },
  );
});

test('an engine that does not load is told', { timeout: 240_000 }, async () => {
  await withSite(
    async ({ page }) => {
      assert.match(await on.notice(page), /engine did not load/);
      assert.equal(await buttonOf(page), 'Reload the page');
    },
    { query: CPU_16, change: (name) => (name === 'maskov-web_bg.wasm' ? 404 : undefined) },
  );
});

test('a page that does not load whole is told', { timeout: 180_000 }, async () => {
  await withSite(
    async ({ page }) => {
      assert.match(await on.notice(page), /did not load whole/);
      assert.equal(await buttonOf(page), 'Reload the page');
    },
    { query: CPU_16, change: (name) => (name === 'maskov-page_bg.wasm' ? 404 : undefined) },
  );
});

const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
const FILES = {
  'a text': ['notes.txt', () => Buffer.from('Hello.'), /notes\.txt did not open.*not a photo/],
  'an empty file': ['empty.jpg', () => Buffer.alloc(0), /empty/],
  'a JPEG that is cut off': ['half.jpg', () => sample().subarray(0, sample().length / 2), /cut off/],
  'a HEIC that nobody can read': ['phone.heic', () => heic, /HEIC/],
};

/** The photo of before is still there, with its point, and goes on. */
async function goesOn(page, points) {
  assert.match(await page.textContent('#file'), /still_life/);
  assert.equal((await on.pointsOf(page)).length, points);
  await page.click('[data-do="close-notice"]');
}

test('what is no photo leaves the open one where it is', { timeout: 240_000 }, async () => {
  await withSite(
    async ({ page }) => {
      await on.untilReady(page);
      await on.clickPixel(page, ...PEAR);
      await on.untilMask(page, 1);
      for (const [what, [name, bytes, sentence]] of Object.entries(FILES)) {
        await on.drop(page, [{ name, type: 'image/jpeg', bytes: bytes() }]);
        await on.untilNotice(page, sentence);
        assert.equal(await buttonOf(page), 'Choose a photo', what);
        await goesOn(page, 1);
      }
      await on.clickPixel(page, ...APPLE);
      await on.untilMask(page, 2);
    },
    { query: CPU_16 },
  );
});

/** An icon of 8 × 8 grey pixels, as Windows writes them: no format of the engine's, and one of every browser's. */
function icon() {
  const bytes = Buffer.alloc(22 + 40 + 8 * 8 * 4 + 8 * 4, 128);
  bytes.writeUInt16LE(0, 0);
  bytes.writeUInt16LE(1, 2);
  bytes.writeUInt16LE(1, 4);
  bytes.set([8, 8, 0, 0, 1, 0, 32, 0], 6);
  bytes.writeUInt32LE(bytes.length - 22, 14);
  bytes.writeUInt32LE(22, 18);
  bytes.fill(0, 22, 62);
  bytes.writeUInt32LE(40, 22);
  bytes.writeInt32LE(8, 26);
  bytes.writeInt32LE(16, 30);
  bytes.set([1, 0, 32, 0], 34);
  bytes.fill(0, bytes.length - 32);
  return bytes;
}

test('a picture that only the browser can read is read by it', { timeout: 240_000 }, async () => {
  await withSite(
    async ({ page }) => {
      await on.drop(page, [{ name: 'grey.ico', type: 'image/x-icon', bytes: icon() }]);
      await on.untilPhoto(page, '8 8');
      await on.untilReady(page);
    },
    { query: CPU_16 },
  );
});

test('an engine that stops is started again with the photo and its points', { timeout: 240_000 }, async () => {
  await withSite(
    async ({ page }) => {
      await on.untilReady(page);
      await on.clickPixel(page, ...PEAR);
      await on.untilMask(page, 1);
      const before = await on.contourOf(page);
      const [worker] = page.workers();
      await worker.evaluate(() => void setTimeout(() => { throw new Error('on purpose'); }));
      await on.untilNotice(page, /engine stopped.*points are kept/);
      await pressNotice(page);
      await page.waitForFunction(() => document.querySelector('#status').textContent.startsWith('Mask in'));
      assert.equal(await on.contourOf(page), before);
      assert.notEqual(page.workers()[0], worker);
    },
    { query: CPU_16, mayFail: true },
  );
});
