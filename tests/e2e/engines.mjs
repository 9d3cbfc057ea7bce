// The other two browser engines, each with the built site in a window of its own.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PREFIX, site } from './browser.mjs';
import { enginePage } from './engine_page.mjs';
import { launchFirefox } from './firefox.mjs';
import { serveSite } from './site_server.mjs';
import { launchWebKit } from './webkit.mjs';

const LAUNCH = { firefox: launchFirefox, webkit: launchWebKit };
/** Those that there are on this system: WebKitGTK is Linux's. */
export const ENGINES = process.platform === 'linux' ? ['firefox', 'webkit'] : ['firefox'];
const DOWNLOAD_MS = 60_000;

/** Runs before the page's own first line: what nothing caught, and what the page warns of, is kept to be asked for. */
const WATCHED = `self.uncaught = [];
const { warn } = console;
console.warn = (...words) => (self.uncaught.push(words.join(' ')), warn.apply(console, words));
addEventListener('error', ({ message }) => self.uncaught.push(message));
addEventListener('unhandledrejection', ({ reason }) => self.uncaught.push(String(reason)));
`;

/**
 * Opens the built site in an engine and hands its page to `use`, with what waits for a download. An error that nothing
 * in the page caught fails the test.
 *
 * @param {'firefox' | 'webkit'} engine
 * @param {{ theme: 'dark' | 'light', viewport: { width: number, height: number }, query: string }} options
 */
export async function withEngine(engine, { theme, viewport, query }, use) {
  const folder = mkdtempSync(join(tmpdir(), `maskov-${engine}-`));
  const downloads = join(folder, 'downloads');
  mkdirSync(downloads);
  const server = await serveSite(site(), PREFIX, (name, read) => (name === 'start.js' ? Buffer.concat([Buffer.from(WATCHED), read()]) : undefined));
  try {
    const { session, close } = await LAUNCH[engine]({ theme, viewport, folder, downloads });
    try {
      const page = enginePage(session);
      await page.goto(server.url + query);
      const uncaught = () => page.evaluate(() => self.uncaught);
      await use({ page, downloaded: (act) => downloadOf(downloads, act) }).catch(async (error) => {
        throw new Error(`${error.message}; the page told ${JSON.stringify(await uncaught())}`, { cause: error });
      });
      assert.deepEqual(await uncaught(), []);
    } finally {
      await close();
    }
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The one file that comes of an act, once it is whole. */
async function downloadOf(folder, act) {
  await act();
  const end = performance.now() + DOWNLOAD_MS;
  for (;;) {
    // Firefox writes beside an empty file of the name, WebKit to another name.
    const names = readdirSync(folder);
    const [name] = names;
    if (names.length === 1 && !/\.(part|wkdownload)$/.test(name)) {
      const bytes = readFileSync(join(folder, name));
      if (bytes.length) {
        rmSync(join(folder, name));
        return { name, bytes };
      }
    }
    if (performance.now() > end) throw new Error(`after ${DOWNLOAD_MS} ms there is no file, only ${JSON.stringify(names)}`);
    await pause(50);
  }
}
