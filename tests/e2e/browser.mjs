// What every test of the site starts from: the built site under a deep path, and a Chromium with WebGPU in software.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { serveSite } from './site_server.mjs';

/** Where the tests serve the site: any host, any path. */
export const PREFIX = '/some/sub/path/';

const webdriver = JSON.parse(readFileSync(new URL('../webdriver.json', import.meta.url), 'utf8'));
const FLAGS = webdriver['goog:chromeOptions'].args;

function fromEnvironment(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by \`cargo xtask test e2e\``);
  return value;
}

/** Folder of the built site. */
export const site = () => fromEnvironment('MASKOV_SITE');
/** The command line `maskov`, to compare the page with. */
export const cli = () => fromEnvironment('MASKOV_CLI');

/** Starts Chromium; `webgpu: false` starts one whose pages have no adapter. */
export function launch({ webgpu = true } = {}) {
  const args = FLAGS.filter((flag) => webgpu || !flag.includes('webgpu'));
  return chromium.launch({ executablePath: fromEnvironment('MASKOV_CHROMIUM'), args });
}

/**
 * Opens the built site in a new page and hands it to `use`. What went wrong on the way (requests that failed, errors
 * of the page or its workers, requests outside the site's path) is collected in `faults`.
 *
 * `query` is what the address ends with, `change` what the host does wrong (see `serveSite`), `context` what kind of
 * screen it is (Playwright's options).
 */
export async function withSite(use, { webgpu = true, query = '', change, context = {} } = {}) {
  const server = await serveSite(site(), PREFIX, change);
  const browser = await launch({ webgpu });
  try {
    const page = await browser.newPage(context);
    const faults = [];
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`));
    page.on('requestfailed', (request) => faults.push(`failed: ${request.url()}`));
    page.on('response', (response) => response.status() >= 400 && faults.push(`${response.status()}: ${response.url()}`));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(server.url) && !/^(data|blob):/.test(url)) faults.push(`outside the site: ${url}`);
    });
    await page.goto(server.url + query);
    await use({ page, faults, url: server.url });
  } finally {
    await browser.close();
    await server.close();
  }
}
