// A Chromium with WebGPU in software, and where the site under test and the command line are.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Where the tests serve the site: any host, any path. */
export const PREFIX = '/some/sub/path/';

const webdriver = JSON.parse(readFileSync(new URL('../webdriver.json', import.meta.url), 'utf8'));
export const FLAGS = webdriver['goog:chromeOptions'].args;

/** What `cargo xtask test` tells the tests. */
export function fromEnvironment(name) {
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
