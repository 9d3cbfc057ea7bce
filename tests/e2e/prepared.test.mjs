// Previews are prepared while there is nothing else to do: on a graphics card, and not from a battery.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

const QUERY = '?device=gpu&resolution=16&sample=still_life';

/** An adapter that calls itself a graphics card, and how often it is sent work. */
const GRAPHICS_CARD = `
  Object.defineProperty(GPUAdapter.prototype, 'info', {
    get: () => ({ vendor: 'acme', architecture: '', device: '', description: 'Acme graphics', isFallbackAdapter: false, subgroupMinSize: 4, subgroupMaxSize: 128 }),
  });
  self.submits = 0;
  const { submit } = GPUQueue.prototype;
  GPUQueue.prototype.submit = function (...given) {
    self.submits += 1;
    return submit.apply(this, given);
  };
`;

/** Collects in the page what the engine is asked for. @param {boolean} [charging] where the browser tells */
const watched = (charging) => (context) =>
  context.addInitScript((charging) => {
    window.asked = [];
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (request, ...rest) {
      window.asked.push(request.kind);
      return postMessage.call(this, request, ...rest);
    };
    Navigator.prototype.getBattery = charging === undefined ? undefined : async () => ({ charging });
  }, charging);

const asked = (page) => page.evaluate(() => window.asked);

test('a graphics card prepares previews, and a click comes first', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await page.waitForFunction(() => window.asked.includes('prepare'));
    const submits = () => page.workers()[0].evaluate(() => self.submits);
    const before = await submits();
    while ((await submits()) < before + 8) await page.waitForTimeout(20);
    await on.clickPixel(page, ...on.PEAR);
    await on.untilMask(page, 1);
    const atMask = await submits();
    while ((await submits()) < atMask + 8) await page.waitForTimeout(20);
  }, { query: QUERY, worker: GRAPHICS_CARD, before: watched() });
});

for (const [what, charging, worker] of [
  ['a laptop on its battery', false, GRAPHICS_CARD],
  ['an adapter that computes on the CPU', true, undefined],
]) {
  test(`${what} prepares nothing`, { timeout: 240_000 }, async () => {
    await withSite(async ({ page }) => {
      await on.untilReady(page);
      await on.clickPixel(page, ...on.PEAR);
      await on.untilMask(page, 1);
      assert.ok((await asked(page)).includes('points') && !(await asked(page)).includes('prepare'));
    }, { query: QUERY, worker, before: watched(charging) });
  });
}
