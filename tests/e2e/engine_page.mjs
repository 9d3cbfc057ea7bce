// A page of Firefox or WebKit in Playwright's words, as far as page.mjs and the tests of the engines use them: Playwright
// itself drives only browsers of its own making.
import { setTimeout as pause } from 'node:timers/promises';

const TIMEOUT_MS = 120_000;
const POLL_MS = 50;
/** What WebDriver calls the keys that type nothing (WebDriver, "keyboard actions"). */
const KEYS = { Shift: '\uE008', Control: '\uE009', Alt: '\uE00A', Escape: '\uE00C', Tab: '\uE004', Enter: '\uE007' };
const BUTTONS = { left: 0, right: 2 };

/**
 * What drives a browser: the few things that both protocols can.
 *
 * @typedef {object} Session
 * @property {(source: string, json: string) => Promise<string>} call calls the async function of this source with JSON and resolves to its JSON
 * @property {(sources: object[]) => Promise<void>} perform actions as WebDriver writes them
 * @property {(url: string) => Promise<void>} goto resolves once the page is loaded
 * @property {() => Promise<string>} screenshot a PNG of the window's content, in Base64
 */

/** @param {Session} session */
export function enginePage(session) {
  const evaluate = async (act, argument) => {
    const source = `async (json) => JSON.stringify(await (${act})(...JSON.parse(json))) ?? 'null'`;
    return JSON.parse(await session.call(source, JSON.stringify(argument === undefined ? [] : [argument])));
  };
  const onElement = (selector, act, argument) =>
    evaluate(`([selector, argument]) => {
      const element = document.querySelector(selector);
      if (!element) throw new Error('nothing is ' + selector);
      return (${act})(element, argument);
    }`, [selector, argument]);
  const waitForFunction = async (isSo, argument, { timeout = TIMEOUT_MS } = {}) => {
    const end = performance.now() + timeout;
    let found;
    while (!(found = await evaluate(isSo, argument))) {
      if (performance.now() > end) throw new Error(`after ${timeout} ms this is still not so: ${isSo} of ${JSON.stringify(argument)}`);
      await pause(POLL_MS);
    }
    return found;
  };
  const pointer = (...actions) => session.perform([{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }]);
  const keys = (...actions) => session.perform([{ type: 'key', id: 'keys', actions }]);
  const moved = (x, y) => ({ type: 'pointerMove', origin: 'viewport', duration: 0, x: Math.round(x), y: Math.round(y) });
  const pressed = (type, { button = 'left' } = {}) => ({ type, button: BUTTONS[button] });
  const key = (type, name) => ({ type, value: KEYS[name] ?? name });
  const click = (x, y, options) => pointer(moved(x, y), pressed('pointerDown', options), pressed('pointerUp', options));

  return {
    evaluate,
    waitForFunction,
    goto: session.goto,
    $eval: onElement,
    $$eval: (selector, act, argument) => evaluate(`([selector, argument]) => (${act})([...document.querySelectorAll(selector)], argument)`, [selector, argument]),
    textContent: (selector) => onElement(selector, '(element) => element.textContent'),
    getAttribute: (selector, name) => onElement(selector, '(element, name) => element.getAttribute(name)', name),
    waitForSelector: (selector, { state = 'visible', timeout } = {}) => waitForFunction(THERE, [selector, state], { timeout }),
    screenshot: async () => Buffer.from(await session.screenshot(), 'base64'),
    locator: (selector) => ({
      async click() {
        const { x, y } = await waitForFunction(CLICKABLE, selector.replace(/:visible$/, ''));
        await click(x, y);
      },
    }),
    mouse: {
      move: (x, y) => pointer(moved(x, y)),
      down: (options) => pointer(pressed('pointerDown', options)),
      up: (options) => pointer(pressed('pointerUp', options)),
      click,
    },
    keyboard: {
      down: (name) => keys(key('keyDown', name)),
      up: (name) => keys(key('keyUp', name)),
      /** @param {string} chord as "Control+z" */
      press: (chord) => keys(...chord.split('+').map((name) => key('keyDown', name)), ...chord.split('+').reverse().map((name) => key('keyUp', name))),
    },
  };
}

const THERE = `([selector, state]) => [...document.querySelectorAll(selector)].some((element) => state === 'attached' || element.checkVisibility())`;

/** The middle of the first element of these that is seen, stands still and lies under nothing else. */
const CLICKABLE = `async (selector) => {
  const element = [...document.querySelectorAll(selector)].find((element) => element.checkVisibility() && !element.disabled);
  if (!element) return null;
  const box = () => new Promise((done) => requestAnimationFrame(() => done(element.getBoundingClientRect())));
  element.scrollIntoView({ block: 'nearest' });
  const [first, { left, top, width, height }] = [await box(), await box()];
  if (first.left !== left || first.top !== top || !width || !height) return null;
  const place = { x: left + width / 2, y: top + height / 2 };
  return element.contains(document.elementFromPoint(place.x, place.y)) ? place : null;
}`;
