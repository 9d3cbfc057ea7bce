// Firefox as it is, without a screen, by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/), which it speaks itself.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { fromEnvironment } from './browser.mjs';

const STARTED = /WebDriver BiDi listening on (ws:\/\/\S+)/;
const START_MS = 120_000;
const FINE_AND_HOVERS = 6;

/**
 * Starts Firefox with a window of this many CSS pixels whose downloads go to `folder`, which holds its profile, too.
 *
 * @returns {Promise<{ session: import('./engine_page.mjs').Session, close: () => Promise<void> }>}
 */
export async function launchFirefox({ theme, viewport, folder, downloads }) {
  const profile = join(folder, 'profile');
  mkdirSync(profile);
  writeFileSync(join(profile, 'user.js'), Object.entries(preferences(theme, downloads)).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`).join(''));
  const firefox = spawn(fromEnvironment('MASKOV_FIREFOX'), ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => firefox.kill('SIGKILL');
  process.once('exit', kill);
  const gone = new Promise((resolve) => firefox.once('exit', resolve));
  const close = async () => {
    kill();
    process.off('exit', kill);
    await gone;
  };
  try {
    const send = await connect(`${await addressOf(firefox)}/session`);
    await send('session.new', { capabilities: {} });
    const { contexts: [{ context }] } = await send('browsingContext.getTree', {});
    await send('browsingContext.setViewport', { context, viewport });
    return { session: sessionOf(send, context), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function preferences(theme, downloads) {
  return {
    'layout.css.prefers-color-scheme.content-override': { dark: 0, light: 1 }[theme],
    // A mouse: without a screen there is none, and the page would speak of taps.
    'ui.primaryPointerCapabilities': FINE_AND_HOVERS,
    'ui.allPointerCapabilities': FINE_AND_HOVERS,
    'browser.download.folderList': 2,
    'browser.download.dir': downloads,
    // Nothing of its own on the network, and no pages of its own.
    'app.normandy.enabled': false,
    'app.update.disabledForTesting': true,
    'browser.shell.checkDefaultBrowser': false,
    'browser.startup.homepage_override.mstone': 'ignore',
    'browser.startup.page': 0,
    'datareporting.policy.dataSubmissionEnabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'services.settings.server': 'data:,#no-settings-in-tests',
    'toolkit.telemetry.reportingpolicy.firstRun': false,
  };
}

/** Where Firefox listens, as it says. */
function addressOf(firefox) {
  return new Promise((resolve, reject) => {
    let printed = '';
    const fail = (what) => reject(new Error(`Firefox ${what} before it listened; it printed: ${printed}`));
    const timer = setTimeout(() => fail(`took ${START_MS} ms`), START_MS);
    firefox.stderr.setEncoding('utf8').on('data', (text) => {
      printed += text;
      const found = STARTED.exec(printed);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
    firefox.once('error', ({ message }) => fail(`could not be started (${message})`));
    firefox.once('exit', (code) => (clearTimeout(timer), fail(`ended (${code})`)));
  });
}

/** Resolves to what sends a command and resolves to its result. */
async function connect(url) {
  const socket = new WebSocket(url);
  const waiting = new Map();
  socket.on('message', (text) => {
    const { id, type, error, message, result } = JSON.parse(text);
    const answer = waiting.get(id);
    waiting.delete(id);
    if (type === 'error') answer?.reject(new Error(`${error}: ${message}`));
    else answer?.resolve(result);
  });
  socket.on('close', () => waiting.forEach(({ reject }) => reject(new Error('Firefox hung up'))));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  let last = 0;
  return (method, params) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params }));
    });
}

function sessionOf(send, context) {
  return {
    async call(source, json) {
      const asked = { functionDeclaration: source, arguments: [{ type: 'string', value: json }], awaitPromise: true, target: { context } };
      const { type, result, exceptionDetails } = await send('script.callFunction', asked);
      if (type === 'exception') throw new Error(exceptionDetails.text);
      return result.value;
    },
    perform: (actions) => send('input.performActions', { context, actions }),
    goto: (url) => send('browsingContext.navigate', { context, url, wait: 'complete' }),
    screenshot: async () => (await send('browsingContext.captureScreenshot', { context })).data,
  };
}
