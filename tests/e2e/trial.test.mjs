// An adapter is tried before anybody looks at a mask: one that computes wrongly is left for the CPU, and the verdict is kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

const QUERY = '?resolution=16&sample=still_life';

/** A driver that takes one function for another, and says nothing. */
const WRONG_DRIVER = `
  const createShaderModule = GPUDevice.prototype.createShaderModule;
  self.modules = 0;
  GPUDevice.prototype.createShaderModule = function (wanted) {
    self.modules += 1;
    return createShaderModule.call(this, { ...wanted, code: wanted.code.replaceAll('sqrt(', 'abs(') });
  };
`;
/** How many kernels were made: none where no adapter was tried. */
const COUNTED = WRONG_DRIVER.replace("'sqrt(', 'abs('", "'sqrt(', 'sqrt('");

const keptVerdict = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('maskov') ?? '{}').verdict);

test('an adapter that computes wrongly is left for the CPU, with the reason', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.clickPixel(page, ...on.PEAR);
    await on.untilMask(page, 1);
    assert.match(await page.textContent('#device b'), /^CPU$/);
    assert.equal((await keptVerdict(page)).isRight, false);
    await page.click('#device');
    await page.waitForSelector('#cpu:not([hidden])');
    assert.match(await page.textContent('#cpu'), /computes wrongly in this browser/);
  }, { query: QUERY, worker: WRONG_DRIVER });
});

test('an adapter is tried once in a version of the browser', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    const first = await keptVerdict(page);
    assert.ok(first.isRight && first.isSoftware && first.adapter === 'SwiftShader', JSON.stringify(first));
    const made = () => page.workers()[0].evaluate(() => self.modules);
    assert.ok((await made()) > 0, 'the first visit tries it');
    // As if it had been found slow, so that no kernel is needed at the second visit.
    await page.evaluate(() => {
      const settings = JSON.parse(localStorage.getItem('maskov'));
      settings.verdict.isFaster = false;
      localStorage.setItem('maskov', JSON.stringify(settings));
    });
    await page.reload();
    await on.untilReady(page);
    assert.equal(await made(), 0, 'the second visit has the verdict');
    await page.evaluate(() => {
      const settings = JSON.parse(localStorage.getItem('maskov'));
      settings.verdict.browser = 'an older one';
      localStorage.setItem('maskov', JSON.stringify(settings));
    });
    await page.reload();
    await on.untilReady(page);
    assert.ok((await made()) > 0, 'another version of the browser tries it anew');
    assert.equal((await keptVerdict(page)).browser, await page.evaluate(() => navigator.userAgent));
  }, { query: QUERY, worker: COUNTED });
});
