// The embedded model: kept after the first visit, verified whenever it is read, given up and taken up again, at two resolutions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

const { CPU_16, CPU_32, PEAR } = on;

/** A host that counts how often shards were asked for. */
function countingHost() {
  const host = { shards: 0, change: (name) => void (host.shards += name.endsWith('.bin')) };
  return host;
}

test('the second visit asks for no shard, and after a damage in the store for just that', { timeout: 240_000 }, async () => {
  const host = countingHost();
  await withSite(async ({ page, url }) => {
    await on.untilReady(page);
    assert.equal(host.shards, 1);
    await page.goto(url + CPU_16);
    await on.untilReady(page);
    assert.equal(host.shards, 1, 'the model was fetched again');
    await damage(page);
    await page.goto(url + CPU_16);
    await on.untilReady(page);
    assert.equal(host.shards, 2, 'a damaged shard was used');
    assert.ok(await on.noticeIsHidden(page));
    await page.goto(url + CPU_16);
    await on.untilReady(page);
    assert.equal(host.shards, 2, 'what was fetched again is not kept');
  }, { query: CPU_16, change: host.change });
});

/** One byte of every stored shard becomes another one. */
async function damage(page) {
  const names = await page.evaluate(async () => {
    const cache = await caches.open('maskov-models');
    const shards = (await cache.keys()).filter(({ url }) => url.includes('.bin'));
    for (const request of shards) {
      const bytes = new Uint8Array(await (await cache.match(request)).arrayBuffer());
      bytes[1000] ^= 1;
      await cache.put(request, new Response(bytes));
    }
    return shards.map(({ url }) => url);
  });
  assert.equal(names.length, 1);
  assert.match(names[0], /\.bin\?sha256=[0-9a-f]{64}$/);
}

test('once kept, the model needs no network', { timeout: 180_000 }, async () => {
  let isDown = false;
  const change = (name) => (isDown && name.startsWith('models/') ? 503 : undefined);
  await withSite(async ({ page, url }) => {
    await on.untilReady(page);
    isDown = true;
    await page.goto(url + CPU_16);
    await on.untilPhoto(page);
    await on.clickPixel(page, ...PEAR);
    await on.untilMask(page, 1);
  }, { query: CPU_16, change });
});

/** Sends the first half of a file, and the rest when it is let. */
function heldHost() {
  let letGo;
  const isLet = new Promise((resolve) => (letGo = resolve));
  const change = (name, read) => {
    if (!name.endsWith('.bin')) return undefined;
    const bytes = read();
    return async (response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length });
      response.write(bytes.subarray(0, bytes.length / 2));
      await isLet;
      response.end(bytes.subarray(bytes.length / 2));
    };
  };
  return { change, letGo };
}

async function cancelAndGoOn(page, between = () => {}) {
  await on.press(page, 'cancel');
  assert.match(await on.notice(page), /^Stopped\. Your photo and points stay/);
  assert.equal(await page.getAttribute('#status', 'data-state'), 'ready');
  assert.ok(await page.locator('[data-do="cancel"]').isHidden());
  between();
  await page.click('#notice .primary');
}

test('loading is cancelled and goes on, and the click of before is answered', { timeout: 180_000 }, async () => {
  const host = heldHost();
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await on.clickPixel(page, ...PEAR);
    await page.waitForFunction(() => /of 8\.\d MB/.test(document.querySelector('#status').textContent));
    await cancelAndGoOn(page, host.letGo);
    await on.untilMask(page, 1);
    assert.deepEqual(await on.pixelsOf(page), [PEAR]);
  }, { query: CPU_16, change: host.change });
});

test('reading a photo is cancelled and goes on', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await on.clickPixel(page, ...PEAR);
    await page.waitForFunction(() => /photo · \d+ %/.test(document.querySelector('#status').textContent));
    await cancelAndGoOn(page);
    await on.untilMask(page, 1);
    assert.ok(await on.areaOf(page) > 0.005);
  }, { query: CPU_32 });
});

test('Fast and Fine where the adapter allows it, kept between visits', { timeout: 180_000 }, async () => {
  await withSite(async ({ page, url }) => {
    const isPressed = (name) => page.getAttribute(`[data-do="${name}"]`, 'aria-pressed');
    const grid = (text) => page.waitForFunction((text) => document.querySelector('#grid').textContent === text, text, { timeout: 60_000 });
    await page.waitForSelector('#detail:not([hidden])', { timeout: 60_000 });
    assert.equal(await isPressed('fine'), 'true');
    const fine = await page.textContent('#grid');
    assert.notEqual(fine, '32 × 32');
    await on.press(page, 'fast');
    await grid('32 × 32');
    assert.equal(await isPressed('fast'), 'true');
    await page.goto(`${url}?device=gpu`);
    await page.waitForSelector('#detail:not([hidden])', { timeout: 60_000 });
    await grid('32 × 32');
    assert.equal(await isPressed('fast'), 'true');
    await on.press(page, 'fine');
    await grid(fine);
  }, { query: '?device=gpu' });
});

test('where the CPU computes there is no such choice', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    assert.ok(await page.locator('#detail').isHidden());
  }, { query: CPU_16 });
});
