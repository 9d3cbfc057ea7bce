// Every state that the page was designed for is reached, by what a person does or by what goes wrong; a device that is lost is in
// recovery.test.mjs, a wrong file in faults.test.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sample } from './files.mjs';
import * as on from './page.mjs';
import { FULL_STORAGE, SMALL_ADAPTER, WAITING_MODEL, sharePassed } from './shot_faults.mjs';
import { NEVER, withSite } from './visit.mjs';

const { CPU_16, CPU_32, GPU_16, PEAR } = on;
/** A reading that takes so long that a busy machine draws it too. */
const CPU_48 = CPU_32.replace('32', '48');
const untilState = (page, state) => page.waitForSelector(`body[data-state=${state}]`, { timeout: 60_000 });

/** In the page: every state that it is in, every text that the status line shows, and how far the line below the bar is. */
function record() {
  window.told = [];
  window.states = [];
  const note = () => {
    const { state } = document.body.dataset;
    if (state !== window.states.at(-1)) window.states.push(state);
    const text = document.querySelector('#status')?.textContent ?? '';
    if (text && text !== window.told.at(-1)?.text) window.told.push({ text, share: Number(document.querySelector('#progress').ariaValueNow) });
  };
  document.addEventListener('DOMContentLoaded', () => new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true }));
}
const told = (page, pattern) => page.evaluate((source) => window.told.flatMap(({ text, share }) => (new RegExp(source).test(text) ? [{ numbers: text.match(/[\d.]+/g).map(Number), share }] : [])), pattern.source);
const rises = (numbers) => numbers.every((number, i) => !i || number >= numbers[i - 1]);

/** Sends a file in a few pieces, slowly. */
const slowly = (bytes) => async (response) => {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length });
  const piece = Math.ceil(bytes.length / 8);
  for (let at = 0; at < bytes.length; at += piece) {
    response.write(bytes.subarray(at, at + piece));
    await new Promise((go) => setTimeout(go, 120));
  }
  response.end();
};

test('loading tells true bytes, encoding a share that only grows, and both end in ready', { timeout: 240_000 }, async () => {
  let size = 0;
  const change = (name, read) => (name.endsWith('.bin') ? ((size = read().length), slowly(read())) : undefined);
  await withSite(async ({ page }) => {
    await untilState(page, 'loading');
    await page.waitForSelector('#progress:not([hidden])', { state: 'attached' });
    assert.ok(await page.locator('[data-do="cancel"]').isVisible());
    await on.untilReady(page);
    const states = await page.evaluate(() => window.states);
    assert.deepEqual(states.filter((state) => state !== 'decoding'), ['starting', 'loading', 'encoding', 'ready']);
    const loading = await told(page, /^Loading the model · /);
    assert.ok(loading.length >= 4, JSON.stringify(loading));
    for (const { numbers: [, total] } of loading) assert.equal(total, Number((size / 1e6).toFixed(1)));
    assert.ok(rises(loading.map(({ numbers: [done] }) => done)) && rises(loading.map(({ share }) => share)));
    const percent = (await told(page, /photo · \d+ %/)).map(({ numbers: [percent] }) => percent);
    assert.ok(percent.length >= 4 && rises(percent) && percent[0] < 50, `${percent}`);
    assert.ok(await page.locator('#progress').isHidden());
    assert.match(await page.textContent('#status'), /^Photo read in [\d.]+ s$/);
  }, { query: CPU_48, change, before: (context) => context.addInitScript(record) });
});

test('a sample that does not come leaves an empty page that opens photos', { timeout: 180_000 }, async () => {
  const change = (name) => (name.startsWith('sample/') ? 404 : undefined);
  await withSite(async ({ page }) => {
    await untilState(page, 'empty');
    assert.ok(await page.isEnabled('[data-do="open"]'));
    assert.ok(await page.isDisabled('[data-do="export"]'));
    await on.drop(page, [{ name: 'mine.jpg', type: 'image/jpeg', bytes: sample() }]);
    await on.untilReady(page);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
  }, { query: CPU_16, change });
});

test('decoding, ready, preview, editing and exporting', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    assert.equal(await on.stateOf(page), 'ready');
    await on.pointAt(page, ...PEAR);
    await untilState(page, 'preview');
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    assert.equal(await on.stateOf(page), 'editing');
    await on.press(page, 'export');
    await untilState(page, 'exporting');
    await on.untilCutout(page);
    await page.keyboard.press('Escape');
    await page.waitForSelector('body:not([data-state=exporting])');
    await page.evaluate(() => (window.states = []));
    await on.drop(page, [{ name: 'again.jpg', type: 'image/jpeg', bytes: sample() }]);
    await page.waitForFunction(() => document.querySelector('#file').textContent.startsWith('again.jpg'));
    await on.untilReady(page);
    const states = await page.evaluate(() => window.states);
    assert.deepEqual(states.filter((state) => state !== 'preview'), ['editing', 'decoding', 'encoding', 'ready']);
  }, { query: CPU_48, before: (context) => context.addInitScript(record) });
});

test('while a photo is read it can be panned and zoomed', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await page.waitForFunction(() => /photo · \d+ %/.test(document.querySelector('#status').textContent));
    const before = await page.locator('#photo').boundingBox();
    await on.pointAt(page, ...PEAR);
    await page.mouse.wheel(0, -240);
    await on.drawn(page);
    assert.equal(await on.stateOf(page), 'encoding');
    assert.ok((await page.locator('#photo').boundingBox()).width > before.width);
  }, { query: CPU_32, worker: sharePassed('encoding', 0.1) });
});

for (const webgpu of [true, false]) {
  test(`${webgpu ? 'a software adapter' : 'no WebGPU'}: the CPU, and behind it which browsers have WebGPU and the one setting`, { timeout: 180_000 }, async () => {
    await withSite(async ({ page, faults }) => {
      await on.untilReady(page);
      assert.equal(await page.textContent('#device'), 'CPU · nothing leaves this machine');
      await page.click('#device');
      const card = await page.textContent('#cpu');
      assert.match(card, /Chrome and Edge from 113, Safari 26, and Firefox from 141/);
      assert.match(card, webgpu ? /draws in software/ : /no WebGPU|no graphics adapter/);
      assert.match(await page.textContent('#cpu-setting'), /chrome:\/\/flags/);
      await on.press(page, 'cpu');
      await page.waitForSelector('#cpu', { state: 'hidden' });
      await on.clickPixel(page, ...PEAR);
      await on.untilMask(page, 1);
      await page.click('#device');
      await on.press(page, 'try-gpu');
      await on.untilMask(page, 1);
      assert.deepEqual(faults, []);
    }, { query: '?resolution=16', webgpu });
  });
}

test('a GPU is named, with the promise that nothing leaves the machine', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await page.waitForSelector('#device b', { timeout: 60_000 });
    const words = await page.textContent('#device');
    assert.match(words, /^Runs on your \S.* · nothing leaves this machine$/);
    assert.doesNotMatch(words, /graphics card/, 'the adapter tells its maker, and the page does not say it');
    await page.click('#device');
    assert.match(await page.textContent('#privacy'), /no other place than the one it came from/);
  }, { query: GPU_16 });
});

test('an adapter that is too small: what fits instead, and it works', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    assert.match(await on.notice(page), /adapter is too small for the model\. What fits instead/);
    assert.equal(await page.textContent('#device b'), 'CPU');
    await page.click('#device');
    assert.match(await page.textContent('#cpu-reason'), /too small/);
    await page.keyboard.press('Escape');
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
  }, { query: '?resolution=16', worker: SMALL_ADAPTER });
});

test('offline: everything goes on', { timeout: 180_000 }, async () => {
  await withSite(async ({ page, context }) => {
    await on.untilReady(page);
    await context.setOffline(true);
    await page.waitForSelector('#network:not([hidden])');
    assert.equal(await page.textContent('#network'), 'Offline. Everything goes on.');
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    await on.save(page, 'cutout');
    await context.setOffline(false);
    await page.waitForSelector('#network', { state: 'hidden' });
  }, { query: CPU_16 });
});

test('offline before the model came: told, and once online it comes by itself', { timeout: 180_000 }, async () => {
  let isDown = true;
  const change = (name) => (isDown && name.endsWith('pack.json') ? 503 : undefined);
  await withSite(async ({ page, context }) => {
    await on.untilPhoto(page);
    await on.clickPixel(page, ...PEAR);
    await context.setOffline(true);
    await page.workers()[0].evaluate(() => self.goOn());
    await on.untilNotice(page, /^You are offline/);
    isDown = false;
    await context.setOffline(false);
    await page.waitForSelector('#overlay[data-points="1"]', { state: 'attached', timeout: 30_000 });
    assert.ok(await on.noticeIsHidden(page));
  }, { query: CPU_16, change, worker: WAITING_MODEL });
});

test('a full store: told, and everything works', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    assert.match(await on.notice(page), /storage is full/);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
  }, { query: CPU_16, worker: FULL_STORAGE });
});

test('a project of a newer Maskov asks to reload the page', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.drop(page, [{ name: 'holiday.maskov', bytes: '{"version":99}' }]);
    assert.match(await on.notice(page), /holiday\.maskov is a project of a newer Maskov/);
    assert.equal(await page.textContent('#notice .primary'), 'Reload the page');
    assert.match(await page.textContent('#file'), /^still_life/);
  }, { query: CPU_16 });
});

test('a second tab is told, and both work', { timeout: 240_000 }, async () => {
  await withSite(async ({ page, context, url }) => {
    await on.untilReady(page);
    const second = await context.newPage();
    await second.goto(url + CPU_16);
    await on.untilNotice(second, /open in another tab/);
    assert.ok(await on.noticeIsHidden(page));
    for (const tab of [page, second]) {
      await tab.bringToFront();
      await on.clickPixel(tab, ...PEAR);
      await on.untilMask(tab, 1);
    }
  }, { query: CPU_16 });
});

test('the window becomes a drop zone that says what will happen', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    const over = (count) => page.evaluate((count) => {
      const dataTransfer = new DataTransfer();
      for (let i = 0; i < count; i++) dataTransfer.items.add(new File(['.'], `${i}.jpg`, { type: 'image/jpeg' }));
      document.querySelector('footer').dispatchEvent(new DragEvent('dragover', { bubbles: true, cancelable: true, dataTransfer }));
    }, count);
    await over(1);
    assert.equal(await page.textContent('#drop:not([hidden])'), 'Open this photo');
    await over(12);
    assert.equal(await page.textContent('#drop:not([hidden])'), 'Open the first of 12 files');
    await page.evaluate(() => document.querySelector('footer').dispatchEvent(new DragEvent('dragleave', { bubbles: true })));
    assert.ok(await page.locator('#drop').isHidden());
  }, { query: CPU_16, change: (name) => (name.endsWith('pack.json') ? NEVER : undefined) });
});

