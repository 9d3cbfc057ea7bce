// Memory runs out, or the device makes no buffers any more: same photo, same points afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

const { GPU_16 } = on;

/**
 * No buffer above this size: the device says so as it says everything, to whoever listens to its
 * errors.
 */
const outOfMemory = (bytes) => `
  const createBuffer = GPUDevice.prototype.createBuffer;
  self.refused = 0;
  GPUDevice.prototype.createBuffer = function (wanted) {
    if (wanted.size > ${bytes}) {
      self.refused += 1;
      const error = new GPUOutOfMemoryError('there is no more');
      queueMicrotask(() => this.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error, cancelable: true })));
    }
    return createBuffer.call(this, wanted);
  };
`;

/** `auto` takes a software adapter where that was found to be the faster one. */
const withFastSoftware = (context) =>
  context.addInitScript(() => {
    const verdict = { adapter: 'SwiftShader', isSoftware: true, isRight: true, isFaster: true, browser: navigator.userAgent };
    localStorage.setItem('maskov', JSON.stringify({ verdict }));
  });

for (const { what, query, bytes, before, device } of [
  { what: 'a smaller plan', query: GPU_16, bytes: 8 << 20, device: /SwiftShader/ },
  { what: 'the CPU in the end', query: '?resolution=16&sample=still_life', bytes: 1 << 20, before: withFastSoftware, device: /^CPU$/ },
]) {
  test(`out of memory: ${what}, same photo, same points`, { timeout: 240_000 }, async () => {
    await withSite(async ({ page }) => {
      await on.untilPhoto(page);
      await on.clickPixel(page, ...on.PEAR);
      await on.clickPixel(page, ...on.APPLE, { button: 'right' });
      assert.match(await on.notice(page), /a smaller plan is used\. Your photo and points stay\./);
      await on.untilMask(page, 2);
      assert.ok((await page.workers()[0].evaluate(() => self.refused)) > 0);
      assert.deepEqual(await on.pixelsOf(page), [on.PEAR, on.APPLE]);
      assert.ok((await on.areaOf(page)) > 0.005);
      assert.match(await page.textContent('#device b'), device);
    }, { query, before, worker: outOfMemory(bytes) });
  });
}

/** From the moment that a test breaks it on, the device makes no buffer: it throws, or gives one that is of no use. */
const noBuffers = (instead) => `
  const createBuffer = GPUDevice.prototype.createBuffer;
  GPUDevice.prototype.createBuffer = function (wanted) {
    if (self.isBroken) ${instead}
    return createBuffer.call(this, wanted);
  };
`;

test('a device that throws where a buffer is due stops the engine, and a button goes on with the same points', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await page.workers()[0].evaluate(() => (self.isBroken = true));
    await on.clickPixel(page, ...on.PEAR);
    await on.untilNotice(page, /engine stopped.*points are kept/, 60_000);
    await page.click('#notice .primary');
    await on.untilMask(page, 1);
    assert.deepEqual(await on.pixelsOf(page), [on.PEAR]);
  }, { query: GPU_16, worker: noBuffers("throw new RangeError('createBuffer failed')"), mayFail: true });
});

test('a device that makes useless buffers is left for the CPU, same photo, same points', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await page.workers()[0].evaluate(() => (self.isBroken = true));
    await on.clickPixel(page, ...on.PEAR);
    await on.clickPixel(page, ...on.APPLE, { button: 'right' });
    await on.untilMask(page, 2);
    assert.deepEqual(await on.pixelsOf(page), [on.PEAR, on.APPLE]);
    assert.equal(await page.textContent('#device b'), 'CPU');
    // To map a buffer in two ways is allowed to none.
  }, { query: '?resolution=16&sample=still_life', before: withFastSoftware, worker: noBuffers('return createBuffer.call(this, { ...wanted, usage: 3 });') });
});
