// What goes wrong is said in a sentence with the next step, and the next step works.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withSite } from './browser.mjs';
import { clickPixel, drop, notice, samplePath, untilMask, untilRest } from './page.mjs';

const CPU = '?device=cpu&resolution=16';
const isShard = (name) => name.startsWith('models/') && name.endsWith('.bin');

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
  test(`${what} is told, and loading again helps`, { timeout: 120_000 }, async () => {
    const { change, heal } = faultyHost(isWrong, answer);
    await withSite(
      async ({ page }) => {
        assert.match(await notice(page), sentence);
        assert.equal(await page.textContent('#notice button'), 'Load the model again');
        heal();
        await page.click('#notice button');
        await page.waitForSelector('#status[data-state=ready]', { timeout: 60_000 });
        assert.ok(await page.locator('#notice').isHidden());
      },
      { query: CPU, change },
    );
  });
}

test('a model newer than the page asks to reload the page', { timeout: 120_000 }, async () => {
  const newer = (read) => Buffer.from(JSON.stringify({ ...JSON.parse(read()), version: 99 }));
  const change = (name, read) => (name.endsWith('pack.json') ? newer(read) : undefined);
  await withSite(
    async ({ page }) => {
      assert.match(await notice(page), /newer than this page/);
      assert.equal(await page.textContent('#notice button'), 'Reload the page');
    },
    { query: CPU, change },
  );
});

test('a resolution that the model cannot have is told with those that fit', { timeout: 120_000 }, async () => {
  await withSite(
    async ({ page, url }) => {
      assert.match(await notice(page), /17/);
      await page.click('#notice button');
      await page.waitForURL(url);
    },
    { query: '?device=cpu&resolution=17' },
  );
});

test('an engine that does not load is told', { timeout: 120_000 }, async () => {
  await withSite(
    async ({ page }) => {
      assert.match(await notice(page), /engine did not load/);
      assert.equal(await page.textContent('#notice button'), 'Reload the page');
    },
    { query: CPU, change: (name) => (name.endsWith('.wasm') ? 404 : undefined) },
  );
});

const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
const FILES = {
  'a text': ['notes.txt', () => Buffer.from('Hello.'), /not a photo/],
  'an empty file': ['empty.jpg', () => Buffer.alloc(0), /empty/],
  'a JPEG that is cut off': ['half.jpg', (sample) => sample.subarray(0, sample.length / 2), /cut off/],
  'a HEIC that nobody can read': ['phone.heic', () => heic, /HEIC/],
};

test('files that are no photo leave the open one where it is', { timeout: 240_000 }, async () => {
  await withSite(
    async ({ page }) => {
      await untilRest(page);
      await clickPixel(page, 784, 822);
      await untilMask(page, 1);
      for (const [what, [name, bytes, sentence]] of Object.entries(FILES)) {
        await drop(page, [{ name, type: 'image/jpeg', bytes: bytes(readFileSync(samplePath())) }]);
        assert.match(await notice(page), sentence, what);
        assert.equal(await page.textContent('#notice button'), 'Choose a photo');
        assert.match(await page.textContent('#file'), /still_life/);
        await page.evaluate(() => (document.querySelector('#notice').hidden = true));
      }
      await clickPixel(page, 515, 873);
      await untilMask(page, 2);
    },
    { query: CPU },
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

test('a picture that only the browser can read is read by it', { timeout: 120_000 }, async () => {
  await withSite(
    async ({ page }) => {
      await drop(page, [{ name: 'grey.ico', type: 'image/x-icon', bytes: icon() }]);
      await page.waitForSelector('#photo[data-size="8 8"]', { state: 'attached' });
      await untilRest(page);
    },
    { query: CPU },
  );
});

test('without WebGPU the CPU takes over and says so', { timeout: 240_000 }, async () => {
  for (const webgpu of [true, false]) {
    await withSite(
      async ({ page, faults }) => {
        await untilRest(page);
        await page.click('#cpu');
        assert.match(await page.textContent('#cpu-note'), webgpu ? /draws in software/ : /no WebGPU|no graphics adapter/);
        await page.click('[data-do="close-cpu-note"]');
        await clickPixel(page, 784, 822);
        await untilMask(page, 1);
        assert.deepEqual(faults, []);
      },
      { query: '?resolution=16', webgpu },
    );
  }
});

test('an engine that stops is started again with the photo and its points', { timeout: 240_000 }, async () => {
  await withSite(
    async ({ page }) => {
      await untilRest(page);
      await clickPixel(page, 784, 822);
      await untilMask(page, 1);
      const [worker] = page.workers();
      await worker.evaluate(() => void setTimeout(() => { throw new Error('on purpose'); }));
      assert.match(await notice(page), /engine stopped.*points are kept/);
      await page.click('#notice button');
      await page.waitForFunction(() => document.querySelector('#status').textContent.startsWith('Mask in'));
      assert.equal(await page.getAttribute('#overlay', 'data-points'), '1');
      assert.notEqual(page.workers()[0], worker);
    },
    { query: CPU },
  );
});

/** Behind the worker's own code: keeps the device, so that the test can take it away. */
const KEEP_DEVICE = `
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...wanted) {
    self.device = await requestDevice.apply(this, wanted);
    self.devices = (self.devices ?? 0) + 1;
    return self.device;
  };
`;

test('a driver that restarts is picked up where it was', { timeout: 580_000 }, async () => {
  await withSite(
    async ({ page }) => {
      await untilRest(page);
      await clickPixel(page, 784, 822);
      await untilMask(page, 1);
      const [worker] = page.workers();
      await worker.evaluate(() => self.device.destroy());
      await clickPixel(page, 515, 873);
      assert.match(await notice(page), /graphics driver restarted\. Picking up/);
      await untilMask(page, 2, 400_000);
      assert.equal(await worker.evaluate(() => self.devices), 2);
      assert.ok(await page.locator('#notice').isHidden());
    },
    {
      query: '?device=gpu&resolution=16',
      // Module code runs after its imports: the engine asks for a device only later.
      change: (name, read) => (name === 'worker.js' ? Buffer.concat([read(), Buffer.from(KEEP_DEVICE)]) : undefined),
    },
  );
});
