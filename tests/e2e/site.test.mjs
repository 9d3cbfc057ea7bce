import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PREFIX, site } from './browser.mjs';
import { untilReady } from './page.mjs';
import { withSite } from './visit.mjs';
import { rangeOf, serveSite } from './site_server.mjs';

test('the site works under a deep path, without a failed request or an error', { timeout: 240_000 }, async () => {
  await withSite(async ({ page, faults, url }) => {
    await untilReady(page);
    assert.equal(await page.getAttribute('#photo', 'data-size'), '1600 1200');
    for (const name of ['LICENSE', 'NOTICE']) {
      assert.equal((await page.request.get(url + name)).status(), 200, name);
    }
    assert.deepEqual(faults, []);
  }, { query: '?sample=still_life' });
});

test('what goes wrong in the page is noticed', { timeout: 240_000 }, async () => {
  await withSite(async ({ page, faults }) => {
    await page.evaluate(() => Promise.allSettled([fetch('./no-such-file'), fetch('/outside')]));
    await page.evaluate(() => void setTimeout(() => { throw new Error('on purpose'); }));
    for (const wanted of ['404: ', 'outside the site: ', 'error: on purpose']) {
      for (let i = 0; i < 600 && !faults.some((fault) => fault.startsWith(wanted)); i++) await page.waitForTimeout(50);
      assert.ok(faults.some((fault) => fault.startsWith(wanted)), `${wanted} is not among ${faults}`);
    }
  }, { mayFail: true });
});

test('a dedicated worker of the page gets a WebGPU adapter that computes', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    const answer = await page.evaluate(runInWorker, String(doubledByShader));
    assert.deepEqual(answer, { architecture: 'swiftshader', doubled: [2, 4, 6, 8] });
  }, { context: { bypassCSP: true } });
});

test('without WebGPU there is no adapter, so that the fallback can be tested', { timeout: 240_000 }, async () => {
  await withSite(
    async ({ page }) => {
      assert.equal(await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) ?? null), null);
    },
    { webgpu: false },
  );
});

test('the host of these tests answers ranges and keeps to its folder', async () => {
  const server = await serveSite(site(), PREFIX);
  const part = await fetch(`${server.url}LICENSE`, { headers: { range: 'bytes=10-19' } });
  const whole = await (await fetch(`${server.url}LICENSE`)).text();
  assert.equal(part.status, 206);
  assert.equal(await part.text(), whole.slice(10, 20));
  assert.equal((await fetch(`${server.url}LICENSE`, { headers: { range: 'bytes=99999999-' } })).status, 416);
  assert.equal((await fetch(`${server.url}..%2f..%2fCargo.toml`)).status, 404);
  assert.equal((await fetch(server.url.replace(PREFIX, '/'))).status, 404);
  assert.deepEqual(rangeOf('bytes=-5', 100), { start: 95, end: 99 });
  assert.deepEqual(rangeOf('bytes=90-200', 100), { start: 90, end: 99 });
  assert.equal(rangeOf('bytes=-', 100), null);
  await server.close();
});

/** In the page: runs `source` in a module worker and resolves to what it returns. */
function runInWorker(source) {
  const code = `(${source})().then((value) => postMessage({ value }), (error) => postMessage({ error: String(error) }))`;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.value));
    worker.onerror = (event) => reject(new Error(event.message));
  });
}

/** In the worker: doubles four numbers on the GPU. */
async function doubledByShader() {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error('there is no WebGPU adapter');
  const device = await adapter.requestDevice();
  const module = device.createShaderModule({
    code: `@group(0) @binding(0) var<storage, read_write> numbers: array<f32>;
      @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { numbers[id.x] *= 2.0; }`,
  });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const numbers = device.createBuffer({ size: 16, usage: STORAGE | COPY_SRC | COPY_DST });
  const result = device.createBuffer({ size: 16, usage: COPY_DST | MAP_READ });
  device.queue.writeBuffer(numbers, 0, new Float32Array([1, 2, 3, 4]));
  const entries = [{ binding: 0, resource: { buffer: numbers } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(numbers, 0, result, 0, 16);
  device.queue.submit([encoder.finish()]);
  await result.mapAsync(GPUMapMode.READ);
  return { architecture: adapter.info.architecture, doubled: [...new Float32Array(result.getMappedRange())] };
}
