// Nothing leaves the machine: by policy, and by what is seen to be asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sample } from './files.mjs';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

/** The directives of a policy: name to its sources. */
const directivesOf = (policy) => Object.fromEntries(policy.split(';').map((part) => part.trim().split(/\s+/)).map(([name, ...sources]) => [name, sources]));

test('the policy allows no inline script and no other place', { timeout: 180_000 }, async () => {
  await withSite(async ({ page, url }) => {
    for (const name of ['', 'examples/segment.html']) {
      await page.goto(url + name);
      const policy = directivesOf(await page.getAttribute('meta[http-equiv="Content-Security-Policy"]', 'content'));
      assert.deepEqual(policy['default-src'], ["'none'"]);
      assert.deepEqual(policy['connect-src'], ["'self'"]);
      assert.deepEqual(policy['script-src'], ["'self'", "'wasm-unsafe-eval'"]);
      assert.ok(!Object.values(policy).flat().some((source) => /unsafe-inline|unsafe-eval'$|https?:|\*/.test(source.replace("'wasm-unsafe-eval'", ''))));
      const source = await (await page.request.get(url + name)).text();
      assert.doesNotMatch(source, /<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:/);
    }
  });
});

test('a script of the page may ask no other host for anything', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    const refused = await page.evaluate(() => {
      const violation = new Promise((resolve) => addEventListener('securitypolicyviolation', resolve, { once: true }));
      fetch('https://example.org/').catch(() => {});
      return violation.then((event) => event.effectiveDirective);
    });
    assert.equal(refused, 'connect-src');
  });
});

test('from opening to the last export everything is asked of this site, and nothing is kept but a setting', { timeout: 180_000 }, async () => {
  await withSite(async ({ page, context, url }) => {
    const asked = [];
    context.on('request', (request) => asked.push({ url: request.url(), method: request.method(), body: request.postDataBuffer()?.length ?? 0 }));
    const sockets = [];
    page.on('websocket', (socket) => sockets.push(socket.url()));
    await page.goto(url + on.CPU_16);
    await on.drop(page, [{ name: 'mine.jpg', type: 'image/jpeg', bytes: sample() }]);
    await page.waitForFunction(() => document.querySelector('#file').textContent.startsWith('mine.jpg'));
    await on.untilReady(page);
    await on.pointAt(page, ...on.PEAR);
    await on.untilPreview(page);
    await on.clickPixel(page, ...on.PEAR);
    await on.untilMask(page, 1);
    await on.save(page, 'mask');
    await on.save(page, 'cutout');
    await page.keyboard.press('Control+c');
    await on.press(page, 'how');
    await page.waitForSelector('#markov-map[data-step]');
    const elsewhere = asked.filter(({ url: wanted }) => !wanted.startsWith(url) && !/^(blob|data):/.test(wanted));
    assert.deepEqual(elsewhere, []);
    assert.ok(asked.some(({ url }) => url.endsWith('.bin')), 'requests of the worker are not seen by this test');
    assert.deepEqual(asked.filter(({ method, body }) => method !== 'GET' || body), []);
    assert.ok(!asked.some(({ url }) => url.includes('mine')), 'the photo’s name was asked for');
    assert.deepEqual(sockets, []);
    assert.deepEqual(await context.cookies(), []);
    const kept = await page.evaluate(async () => ({
      local: Object.keys(localStorage).filter((key) => key !== 'maskov'),
      session: Object.keys(sessionStorage),
      databases: (await indexedDB.databases()).length,
      caches: await caches.keys(),
      workers: (await navigator.serviceWorker.getRegistrations()).length,
      cookie: document.cookie,
    }));
    assert.deepEqual(kept, { local: [], session: [], databases: 0, caches: ['maskov-models'], workers: 0, cookie: '' });
  }, { context: { permissions: ['clipboard-read', 'clipboard-write'] } });
});
