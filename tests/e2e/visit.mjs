// What every test of the site starts from: the built site under a deep path, in a browser context of its own.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { PREFIX, launch, site } from './browser.mjs';
import { serveSite } from './site_server.mjs';

/** One Chromium with WebGPU and one without serve all tests of a file. @type {Map<boolean, Promise<import('playwright-core').Browser>>} */
const browsers = new Map();
after(() => Promise.all([...browsers.values()].map(async (browser) => (await browser).close())));

export function sharedBrowser(webgpu = true) {
  if (!browsers.has(webgpu)) browsers.set(webgpu, launch({ webgpu }));
  return browsers.get(webgpu);
}

/**
 * Opens the built site in a new context and hands it to `use`. What went wrong on the way (requests that failed, errors
 * of the page or its workers, requests outside the site's path) is collected in `faults`. An error that nothing caught
 * and a request to elsewhere fail the test, unless it is about those (`mayFail`).
 *
 * `query` is what the address ends with, `change` what the host does otherwise (see `serveSite`), `worker` code that
 * runs before the first line of the engine's worker, `context` what kind of screen it is (Playwright's options),
 * `before` is called with the context before the page is opened.
 */
export async function withSite(use, { webgpu = true, query = '', change, worker, context: options = {}, before, mayFail = false } = {}) {
  const server = await serveSite(site(), PREFIX, changeOf(change, worker));
  const browser = await sharedBrowser(webgpu);
  const context = await browser.newContext(options);
  // A machine that is busy with other things is no failure.
  context.setDefaultTimeout(120_000);
  try {
    await before?.(context, server.url);
    const page = await context.newPage();
    const faults = faultsOf(page, server.url);
    await page.goto(server.url + query);
    await use({ page, context, browser, faults, url: server.url });
    const serious = faults.filter((fault) => /^(error|outside the site):/.test(fault));
    if (!mayFail) assert.deepEqual(serious, []);
  } finally {
    await context.close();
    await server.close();
  }
}

function changeOf(change = () => undefined, worker) {
  // Imports run before the code of a module wherever they stand, so this comes before the first line of worker.js itself.
  return (name, read) => (worker && name === 'worker.js' ? Buffer.concat([Buffer.from(`{${worker}}\n`), read()]) : change(name, read));
}

function faultsOf(page, site) {
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`));
  page.on('requestfailed', (request) => faults.push(`failed: ${request.url()}`));
  page.on('response', (response) => response.status() >= 400 && faults.push(`${response.status()}: ${response.url()}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(site) && !/^(data|blob):/.test(url)) faults.push(`outside the site: ${url}`);
  });
  return faults;
}

/** An answer of the host that never comes, for `change`. */
export const NEVER = new Promise(() => {});
/** A visit on which the model never arrives: the page alone. */
export const WITHOUT_MODEL = { query: '?device=cpu&resolution=16&sample=still_life', change: (name) => (name.endsWith('pack.json') ? NEVER : undefined) };
