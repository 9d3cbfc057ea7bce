// WebKitGTK's MiniBrowser on a screen that nobody sees, by WebDriver (https://www.w3.org/TR/webdriver2/).
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fromEnvironment } from './browser.mjs';

const START_MS = 120_000;
const SCRIPT_MS = 120_000;

/**
 * Starts WebKit with a window of this many CSS pixels whose downloads go to `downloads`; all else of it lies in `folder`.
 *
 * @returns {Promise<{ session: import('./engine_page.mjs').Session, close: () => Promise<void> }>}
 */
export async function launchWebKit({ theme, viewport, folder, downloads }) {
  const screen = spawn(fromEnvironment('MASKOV_XVFB'), ['-displayfd', '3', '-screen', '0', '2000x1600x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const children = [screen];
  const killAll = () => children.forEach((child) => child.kill('SIGTERM'));
  process.once('exit', killAll);
  let end = async () => {};
  const close = async () => {
    await end();
    const gone = children.map((child) => child.exitCode ?? child.signalCode ?? new Promise((resolve) => child.once('exit', resolve)));
    killAll();
    process.off('exit', killAll);
    await Promise.all(gone);
  };
  try {
    const env = { ...process.env, ...folders(folder, downloads), DISPLAY: `:${await displayOf(screen)}`, GTK_THEME: theme === 'dark' ? 'Adwaita:dark' : 'Adwaita' };
    const port = await freePort();
    const driver = spawn(fromEnvironment('MASKOV_WEBKIT_DRIVER'), [`--port=${port}`], { env, stdio: 'ignore' });
    children.push(driver);
    await untilListening(driver, port);
    const send = await begin(`http://127.0.0.1:${port}`);
    end = () => send('DELETE', '').catch(() => {});
    await send('POST', '/timeouts', { script: SCRIPT_MS });
    await resize(send, viewport);
    return { session: sessionOf(send), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where the browser keeps what, by the XDG folders: nothing in the person's own. */
function folders(folder, downloads) {
  const config = join(folder, 'config');
  mkdirSync(config);
  writeFileSync(join(config, 'user-dirs.dirs'), `XDG_DOWNLOAD_DIR="${downloads}"\n`);
  // As it is, its toolbar keeps the window from being as narrow as a phone.
  mkdirSync(join(config, 'gtk-3.0'));
  writeFileSync(join(config, 'gtk-3.0', 'gtk.css'), '* { min-width: 0; margin: 0; padding: 0; }\n');
  return { XDG_CONFIG_HOME: config, XDG_CACHE_HOME: join(folder, 'cache'), XDG_DATA_HOME: join(folder, 'data'), XDG_RUNTIME_DIR: folder };
}

/** The number of the screen, once it is there. */
function displayOf(screen) {
  return new Promise((resolve, reject) => {
    screen.stdio[3].setEncoding('utf8').once('data', (number) => resolve(number.trim()));
    screen.once('error', ({ message }) => reject(new Error(`Xvfb could not be started: ${message}`)));
    screen.once('exit', (code) => reject(new Error(`Xvfb ended (${code}) before there was a screen`)));
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function untilListening(driver, port) {
  let failure;
  driver.once('error', ({ message }) => (failure = `could not be started: ${message}`));
  driver.once('exit', (code) => (failure = `ended (${code}) before it listened`));
  const end = performance.now() + START_MS;
  while (!(await fetch(`http://127.0.0.1:${port}/status`).catch(() => null))?.ok) {
    if (performance.now() > end) failure ??= `does not listen after ${START_MS} ms`;
    if (failure) throw new Error(`WebKitWebDriver ${failure}`);
    await pause(50);
  }
}

/** Opens the browser; resolves to what sends a command of its session and resolves to the value of the answer. */
async function begin(driver) {
  const send = async (method, path, body) => {
    const answer = await fetch(driver + path, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  const { sessionId } = await send('POST', '/session', { capabilities: {} });
  return (method, path, body) => send(method, `/session/${sessionId}${path}`, body);
}

/** Makes the page's part of the window this large: WebDriver can only size the window with its frame. */
async function resize(send, { width, height }) {
  const script = 'return [innerWidth, innerHeight, outerWidth - innerWidth, outerHeight - innerHeight]';
  const end = performance.now() + START_MS;
  for (;;) {
    const [across, down, frameAcross, frameDown] = await send('POST', '/execute/sync', { script, args: [] });
    if (across === width && down === height) return;
    if (performance.now() > end) throw new Error(`the window of WebKit stays ${across} × ${down}, not ${width} × ${height}`);
    // By the frame and not by what is amiss: the page may not know yet of the size before.
    await send('POST', '/window/rect', { width: width + frameAcross, height: height + frameDown });
    await pause(200);
  }
}

function sessionOf(send) {
  return {
    async call(source, json) {
      const script = `const done = arguments[1]; (${source})(arguments[0]).then((json) => done({ json }), (error) => done({ error: String(error) }))`;
      const { json: result, error } = await send('POST', '/execute/async', { script, args: [json] });
      if (error) throw new Error(error);
      return result;
    },
    perform: (actions) => send('POST', '/actions', { actions }),
    goto: (url) => send('POST', '/url', { url }),
    screenshot: () => send('GET', '/screenshot'),
  };
}
