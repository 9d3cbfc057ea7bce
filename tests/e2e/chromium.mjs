// Chromium by its own protocol (https://chromedevtools.github.io/devtools-protocol/), where memory is measured: Playwright
// turns on the protocol's Network domain, whose copies of all answers would be most of what is found.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FLAGS, fromEnvironment } from './browser.mjs';
import { enginePage } from './engine_page.mjs';

const START_MS = 120_000;
const BUTTONS = { 0: 'left', 2: 'right' };
/** WebDriver's names of keys that type nothing, as engine_page.mjs has them: key, code, the bit of a modifier. */
const KEYS = {
  '\uE008': { key: 'Shift', code: 'ShiftLeft', modifier: 8 },
  '\uE009': { key: 'Control', code: 'ControlLeft', modifier: 2 },
  '\uE00A': { key: 'Alt', code: 'AltLeft', modifier: 1 },
  '\uE00C': { key: 'Escape', code: 'Escape', modifier: 0 },
};

/**
 * Sends a command and resolves to its result.
 * @typedef {(method: string, params?: object) => Promise<any>} Send
 */

/**
 * Starts Chromium with one page of this many CSS pixels.
 *
 * @returns {Promise<{
 *   page: ReturnType<typeof enginePage>,
 *   browser: Send,
 *   tab: Send,
 *   worker: () => Send | undefined,
 *   close: () => Promise<void>,
 * }>} `tab` and `worker` take commands about the page and its newest worker
 */
export async function launchChromium(viewport) {
  const folder = mkdtempSync(join(tmpdir(), 'maskov-chromium-'));
  const size = `--window-size=${viewport.width},${viewport.height}`;
  const flags = [...FLAGS, size, '--remote-debugging-pipe', `--user-data-dir=${folder}`, 'about:blank'];
  const chromium = spawn(fromEnvironment('MASKOV_CHROMIUM'), flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const kill = () => chromium.kill('SIGKILL');
  process.once('exit', kill);
  const gone = new Promise((resolve) => chromium.once('exit', resolve).once('error', resolve));
  let isUp = false;
  const close = async () => {
    // By itself it ends with all its processes, none of which writes to the folder any more.
    if (isUp) await send('Browser.close').catch(() => {});
    else kill();
    process.off('exit', kill);
    await gone;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const { send, onEvent } = connect(chromium);
  try {
    const browser = (method, params) => send(method, params);
    const tab = await pageOf(browser, send);
    isUp = true;
    const workers = [];
    onEvent('Target.attachedToTarget', ({ sessionId, targetInfo }) => targetInfo.type === 'worker' && workers.push((method, params) => send(method, params, sessionId)));
    await tab('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: true });
    await tab('Emulation.setDeviceMetricsOverride', { ...viewport, deviceScaleFactor: 1, mobile: false });
    return { page: enginePage(sessionOf(tab)), browser, tab, worker: () => workers.at(-1), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Commands and their answers are JSON, each with a zero byte behind it. */
function connect(chromium) {
  const [, , , commands, answers] = chromium.stdio;
  const waiting = new Map();
  const listeners = new Map();
  let read = '';
  answers.setEncoding('utf8').on('data', (text) => {
    const messages = (read + text).split('\0');
    read = messages.pop();
    for (const { id, method, params, error, result } of messages.map((message) => JSON.parse(message))) {
      if (method) listeners.get(method)?.(params);
      const answer = waiting.get(id);
      waiting.delete(id);
      if (error) answer?.reject(new Error(`${answer.method}: ${error.message}`));
      else answer?.resolve(result);
    }
  });
  const end = (what) => {
    waiting.forEach(({ reject }) => reject(new Error(`Chromium ${what}`)));
    waiting.clear();
  };
  chromium.once('error', ({ message }) => end(`could not be started (${message}): MASKOV_CHROMIUM names it`));
  chromium.once('exit', (code) => end(`ended (${code})`));
  commands.on('error', () => {});
  let last = 0;
  const send = (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { method, resolve, reject });
      commands.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });
  return { send, onEvent: (method, listener) => listeners.set(method, listener) };
}

/** Commands about the one page, once there is one. */
async function pageOf(browser, send) {
  for (const end = performance.now() + START_MS; performance.now() < end; await pause(50)) {
    const { targetInfos } = await browser('Target.getTargets');
    const page = targetInfos.find(({ type }) => type === 'page');
    if (!page) continue;
    const { sessionId } = await browser('Target.attachToTarget', { targetId: page.targetId, flatten: true });
    return (method, params) => send(method, params, sessionId);
  }
  throw new Error(`Chromium has no page after ${START_MS} ms`);
}

/** @param {Send} tab @returns {import('./engine_page.mjs').Session} */
function sessionOf(tab) {
  const at = { x: 0, y: 0, modifiers: 0 };
  return {
    call: (source, json) => evaluate(tab, `(${source})(${JSON.stringify(json)})`),
    async perform(sources) {
      for (const action of sources.flatMap(({ actions }) => actions)) await perform(tab, action, at);
    },
    async goto(url) {
      const { errorText } = await tab('Page.navigate', { url });
      if (errorText) throw new Error(`${url} does not open: ${errorText}`);
    },
    screenshot: async () => (await tab('Page.captureScreenshot')).data,
  };
}

/** The value of an expression, awaited. @param {Send} session @param {string} expression */
export async function evaluate(session, expression) {
  const { result, exceptionDetails } = await session('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

/** One of WebDriver's actions (WebDriver, "Actions"). */
async function perform(tab, { type, x, y, button, value }, at) {
  if (type === 'pointerMove') Object.assign(at, { x, y });
  const { modifiers } = at;
  const named = KEYS[value];
  const mouse = (type, options = {}) => tab('Input.dispatchMouseEvent', { type, x: at.x, y: at.y, modifiers, ...options });
  switch (type) {
    case 'pointerMove':
      return mouse('mouseMoved');
    case 'pointerDown':
      return mouse('mousePressed', { button: BUTTONS[button], clickCount: 1 });
    case 'pointerUp':
      return mouse('mouseReleased', { button: BUTTONS[button], clickCount: 1 });
    case 'keyDown':
      at.modifiers |= named?.modifier ?? 0;
      return tab('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: named?.key ?? value, code: named?.code, modifiers: at.modifiers });
    case 'keyUp':
      at.modifiers &= ~(named?.modifier ?? 0);
      return tab('Input.dispatchKeyEvent', { type: 'keyUp', key: named?.key ?? value, code: named?.code, modifiers: at.modifiers });
    default:
      throw new Error(`an action is of no known type: ${type}`);
  }
}
