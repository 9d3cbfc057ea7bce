// The engine alone, from a worker of one's own: the example, and what its calls promise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSite } from './visit.mjs';

test('the example cuts the thing under its point out', { timeout: 240_000 }, async () => {
  await withSite(async ({ page, faults, url }) => {
    await page.addInitScript(() => {
      window.told = [];
      addEventListener('DOMContentLoaded', () => {
        const status = document.querySelector('#status');
        new MutationObserver(() => window.told.push(status.textContent)).observe(status, { childList: true, characterData: true, subtree: true });
      });
    });
    await page.goto(`${url}examples/segment.html`);
    await page.waitForFunction(() => document.body.dataset.area || document.body.dataset.error, null, { timeout: 90_000 });
    assert.equal(await page.getAttribute('body', 'data-error'), null, await page.textContent('#status'));
    assert.ok(Number(await page.getAttribute('body', 'data-area')) > 0.001);
    const told = await page.evaluate(() => window.told);
    for (const stage of ['loading', 'encoding']) {
      const shares = told.flatMap((text) => (text.startsWith(`${stage} `) ? [Number(/\d+/.exec(text)[0])] : []));
      assert.ok(shares.length > 2 && shares.every((share, i) => share <= 100 && share >= (shares[i - 1] ?? 0)), `${stage}: ${shares}`);
    }
    const opaque = await page.$eval('#cutout', (canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, i) => i % 4 === 3 && value).length / (data.length / 4);
    });
    assert.ok(Math.abs(opaque - Number(await page.getAttribute('body', 'data-area'))) < 1e-3, 'what is drawn is not what was found');
    // Leaving the page itself, which came first, ends what it was loading.
    assert.deepEqual(faults.filter((fault) => !fault.startsWith('failed:')), []);
  });
});

/** A worker of the test's own: runs functions that it is sent the source of, with the API's module. */
const TEST_WORKER = `
  import init, * as api from './maskov-web.js';
  await init();
  const model = './models/small-v1/';
  const load = (options) => api.Engine.load({ model, device: 'cpu', resolution: 16, ...options });
  const sample = async () => (await fetch('./sample/still_life.jpg')).blob();
  /** How a promise ends, in plain words. */
  const end = (promise) => promise.then((value) => ({ value }), ({ name, code, message }) => ({ name, code, message }));
  self.answer = (run) => run({ api, model, load, sample, end });
`;

/** Runs a function in such a worker. */
async function inWorker(run, use = () => {}) {
  const change = (name) => (name === 'worker.js' ? Buffer.from(TEST_WORKER) : undefined);
  return withSite(async ({ page }) => {
    const worker = page.workers()[0] ?? (await page.waitForEvent('worker'));
    while (!(await worker.evaluate(() => Boolean(self.answer)))) await page.waitForTimeout(50);
    await use(await worker.evaluate(`self.answer(${run})`));
  }, { change });
}

test('previews that are prepared are much the same, may be stopped, and leave the mask as it is', { timeout: 240_000 }, async () => {
  await inWorker(
    async ({ load, sample, end }) => {
      const engine = await load({ device: 'gpu', resolution: 8 });
      await engine.setImage(await sample());
      const points = [{ x: 640, y: 822, foreground: true }];
      const own = await engine.preview(points);
      const mask = await engine.mask(points);
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 100);
      const stopped = await end(engine.preparePreviews({ signal: stop.signal }));
      await engine.preparePreviews();
      // The engine has kept the map of the point itself, so the one beside it.
      const prepared = await engine.preview([{ ...points[0], x: 641 }]);
      const again = await engine.mask(points);
      return { stopped, areas: [own.area, prepared.area], masks: [mask.rle(), again.rle()] };
    },
    ({ stopped, areas: [own, prepared], masks: [mask, again] }) => {
      assert.equal(stopped.name, 'AbortError');
      assert.ok(Math.abs(prepared / own - 1) < 0.1, `${prepared} of the photo, and ${own}`);
      assert.deepEqual(again, mask);
    },
  );
});

test('an engine tells what it is, masks agree with each other, and previews are quick', { timeout: 240_000 }, async () => {
  await inWorker(
    async ({ api, load, sample }) => {
      const stages = new Set();
      const percent = [];
      const onProgress = ({ stage, done, total }) => {
        if (done < 0 || done > total) throw new Error(`${done} of ${total}`);
        stages.add(stage);
        if (stage === 'encoding' && total) percent.push(done);
      };
      const engine = await load({ onProgress });
      const photo = await api.Photo.decode(await sample());
      const encoded = await engine.setImage(photo, { onProgress });
      const points = [{ x: 784, y: 822, foreground: true }];
      const mask = await engine.mask(points, { onProgress });
      const { size, counts } = mask.rle();
      const image = mask.imageData();
      const white = image.data.filter((value, i) => i % 4 === 3 && value === 255).length;
      const preview = await engine.preview(points);
      const map = await engine.markovMap(points[0]);
      const ofImageData = await engine.setImage(new ImageData(new Uint8ClampedArray(64 * 48 * 4).fill(200), 64, 48));
      return {
        stages: [...stages], percent, device: engine.device, resolution: engine.resolution, isStored: engine.isStored, encoded: [encoded.width, encoded.height],
        networkShare: encoded.networkMilliseconds / encoded.milliseconds,
        photo: [photo.width, photo.height], mask: [mask.width, mask.height], area: mask.area, size, runs: counts.reduce((sum, run) => sum + run, 0),
        object: counts.filter((_, i) => i % 2).reduce((sum, run) => sum + run, 0), white, image: [image.width, image.height],
        preview: [preview.width, preview.height], previewPath: preview.outlinePath().slice(0, 1), path: mask.outlinePath(),
        signature: [...mask.maskPng().slice(1, 4), ...mask.cutoutPng().slice(1, 4)],
        map: [map.width * map.height === map.steps.length, map.resolution, Math.min(...map.steps.slice(0, 1000)) >= 0],
        ofImageData: [ofImageData.width, ofImageData.height],
      };
    },
    (found) => {
      assert.deepEqual(found.stages, ['loading', 'encoding', 'segmenting']);
      const parts = [45, 65, 100].map((end, i) => found.percent.filter((done) => done > [0, 45, 65][i] && done <= end).length);
      assert.ok(Math.min(...parts) > 0, `the network, fitting or the upsampling was never told: ${found.percent}`);
      assert.equal(found.device.kind, 'cpu');
      assert.deepEqual([found.resolution, found.isStored], [16, true]);
      assert.ok(found.networkShare > 0 && found.networkShare < 1, `the network took ${found.networkShare} of the whole`);
      for (const size of ['encoded', 'photo', 'mask', 'image']) assert.deepEqual(found[size], [1600, 1200], size);
      assert.deepEqual(found.size, [1200, 1600]);
      assert.equal(found.runs, 1600 * 1200, 'the runs do not fill the photo');
      assert.equal(found.object, found.white);
      assert.ok(Math.abs(found.area - found.white / (1600 * 1200)) < 1e-6);
      assert.ok(found.white > 1000);
      assert.ok(found.preview[0] <= 1600 && found.previewPath === 'M');
      assert.match(found.path, /^M[-\d. ,MQLHVZTmqlhvzt]*[Zz]$/);
      assert.deepEqual(found.signature, [80, 78, 71, 80, 78, 71]);
      assert.deepEqual(found.map, [true, 16, true]);
      assert.deepEqual(found.ofImageData, [64, 48]);
    },
  );
});

test('a size beside its range is taken for the nearer end, and the console says so', { timeout: 240_000 }, async () => {
  await inWorker(
    async ({ load, api, sample }) => {
      const told = [];
      console.warn = (text) => told.push(text);
      const engine = await load();
      await engine.setImage(await api.Photo.decode(await sample()));
      const point = { x: 784, y: 822, foreground: true };
      const areaOf = async (size) => (await engine.preview([{ ...point, size }])).area;
      const areas = [await areaOf(7), await areaOf(0.9), await areaOf(-1), await areaOf(0.001)];
      return { told, areas };
    },
    ({ told, areas }) => {
      assert.deepEqual(told, [7, -1].map((size) => `Maskov: size ${size} of the point at 784,822 lies beside 0.001 to 0.9: ${size > 0 ? 0.9 : 0.001} is taken.`));
      assert.deepEqual([areas[0], areas[2]], [areas[1], areas[3]]);
    },
  );
});

test('an aborted call rejects with its signal’s reason, and the engine goes on', { timeout: 240_000 }, async () => {
  await inWorker(
    async ({ load, sample, end, api }) => {
      const early = await end(load({ signal: AbortSignal.abort() }));
      const loading = new AbortController();
      const duringLoad = await end(load({ signal: loading.signal, onProgress: () => loading.abort() }));
      const engine = await load({ resolution: 32 });
      const photo = await api.Photo.decode(await sample());
      const encoding = new AbortController();
      const duringEncode = await end(engine.setImage(photo, { signal: encoding.signal, onProgress: ({ done }) => done > 2 && encoding.abort(new Error('changed my mind')) }));
      const points = [{ x: 784, y: 822, foreground: true }];
      const without = await end(engine.mask(points));
      await engine.setImage(photo);
      const [queued, first] = [new AbortController(), engine.mask(points)];
      const second = end(engine.mask(points, { signal: queued.signal }));
      queued.abort();
      return { early, duringLoad, duringEncode, without, queued: await second, area: (await first).area };
    },
    ({ early, duringLoad, duringEncode, without, queued, area }) => {
      assert.deepEqual([early.name, duringLoad.name, queued.name], ['AbortError', 'AbortError', 'AbortError']);
      assert.equal(duringEncode.message, 'changed my mind');
      assert.equal(without.code, 'no-image');
      assert.ok(area > 0.001);
    },
  );
});

test('a click can be aborted amid its chains, on the CPU too', { timeout: 240_000 }, async () => {
  await inWorker(
    async ({ load, sample, end, api }) => {
      const engine = await load({ resolution: 48, device: 'cpu', method: 'm2n2' });
      await engine.setImage(await api.Photo.decode(await sample()));
      const points = (x) => Array.from({ length: 8 }, (_, i) => ({ x: x + 150 * i, y: 300 + 90 * i, foreground: true }));
      const timed = async (work) => {
        const start = performance.now();
        const error = await end(work());
        return { ms: performance.now() - start, name: error?.name };
      };
      const whole = await timed(() => engine.mask(points(100)));
      const leaving = new AbortController();
      setTimeout(() => leaving.abort(), 1);
      const stopped = await timed(() => engine.mask(points(140), { signal: leaving.signal }));
      return { whole, stopped, area: (await engine.mask(points(140).slice(0, 1))).area };
    },
    ({ whole, stopped, area }) => {
      assert.equal(stopped.name, 'AbortError');
      assert.ok(stopped.ms < whole.ms / 3, `stopped after ${stopped.ms} ms of ${whole.ms}`);
      assert.ok(area > 0);
    },
  );
});

test('errors have stable codes', { timeout: 240_000 }, async () => {
  await inWorker(
    async ({ api, load, sample, end }) => {
      const engine = await load();
      const none = await end(engine.mask([{ x: 1, y: 1, foreground: true }]));
      await engine.setImage(await sample());
      const [outside, fraction, noPoints] = await Promise.all(
        [[{ x: 1600, y: 0, foreground: true }], [{ x: 1.5, y: -3, foreground: true }], []].map((points) => end(engine.mask(points))),
      );
      const preview = await engine.preview([{ x: 784, y: 822, foreground: true }]);
      let cutoutOfPreview = {};
      try {
        preview.cutoutPng();
      } catch (error) {
        cutoutOfPreview = { name: error.name, code: error.code };
      }
      return {
        none, outside, fraction, noPoints, cutoutOfPreview,
        missing: await end(load({ model: './models/no-such/' })),
        resolution: await end(load({ resolution: 17 })),
        text: await end(api.Photo.decode(new Blob(['Hello.']))),
        empty: await end(engine.setImage(new Uint8Array())),
      };
    },
    (found) => {
      const codes = Object.fromEntries(Object.entries(found).map(([what, { name, code }]) => [what, name === 'MaskovError' ? code : `${name} ${code}`]));
      const { noPoints, ...rest } = codes;
      assert.deepEqual(rest, {
        none: 'no-image', outside: 'point-outside', fraction: 'point-outside', cutoutOfPreview: 'bad-settings', missing: 'weights-missing',
        resolution: 'bad-resolution', text: 'bad-image', empty: 'bad-image',
      });
      assert.notEqual(noPoints, 'TypeError undefined');
    },
  );
});
