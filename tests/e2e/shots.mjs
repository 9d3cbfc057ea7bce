// `cargo xtask shots`: a picture of every state of the page, wide and on a phone, dark and light, for a person to look at.
// Names on the command line are the states to take, or the other engines; without any, all are.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch, site } from './browser.mjs';
import { ENGINES, withEngine } from './engines.mjs';
import * as on from './page.mjs';
import { STATES, photoStates } from './shot_states.mjs';
import { serveSite } from './site_server.mjs';

const FOLDER = resolve(process.env.MASKOV_SHOTS ?? '../../target/shots');
const SCREENS = [
  { name: '1440', viewport: { width: 1440, height: 900 } },
  { name: '390', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
];
const THEMES = ['dark', 'light'];

/** What is taken of the other engines: "firefox" and "webkit" are states of their own. */
const ENGINE_SHOTS = {
  preview: async (page) => {
    await on.untilReady(page);
    await on.pointAt(page, ...on.PEAR);
    await on.untilPreview(page);
  },
  editing: async (page) => {
    await on.clickPixel(page, ...on.PEAR);
    await on.untilMask(page, 1);
    await on.pointAway(page);
  },
  how: async (page) => {
    await on.press(page, 'how');
    await page.waitForFunction(() => Number(document.querySelector('#markov-map').dataset.step) > 10);
  },
  export: async (page) => {
    await page.keyboard.press('Escape');
    await on.press(page, 'export');
    await on.untilCutout(page);
  },
};

const { states, engines, isAll } = chosen(process.argv.slice(2));
if (isAll) rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });

const browser = await launch();
const failures = [];
try {
  for (const state of states) await take(state);
  for (const engine of engines) await takeEngine(engine);
  for (const screen of SCREENS) for (const theme of THEMES) await takeSheet(screen, theme);
} finally {
  await browser.close();
}
console.log(`\nThe pictures are in ${FOLDER}; sheet-*.png shows all of a width and theme at once.`);
for (const failure of failures) console.error(`failed: ${failure}`);
process.exitCode = failures.length ? 1 : 0;

/** The states and the other engines that were asked for, and whether that is all of them. */
function chosen(names) {
  const { photos, missing } = photoStates();
  const all = [...STATES, ...photos];
  if (missing) console.log(`${missing} is not there: the shots of real photos are left out.`);
  const known = [...all.map(({ name }) => name), ...ENGINES];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown) {
    console.error(`There is no state ${unknown}; the states are ${known.join(', ')}.`);
    process.exit(1);
  }
  const isWanted = (name) => !names.length || names.includes(name);
  return { states: all.filter(({ name }) => isWanted(name)), engines: ENGINES.filter(isWanted), isAll: !names.length };
}

async function take(state) {
  const start = performance.now();
  const screens = SCREENS.filter(({ hasTouch = false }) => hasTouch || !state.needsTouch);
  for (const screen of screens) {
    try {
      await shoot(state, screen);
    } catch (error) {
      failures.push(`${state.name} at ${screen.name}: ${error.message.split('\n')[0]}`);
    }
  }
  console.log(`${state.name.padEnd(18)} ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** The main loop in another engine, whose theme is that of its start. */
async function takeEngine(engine) {
  const start = performance.now();
  for (const { name: width, viewport } of SCREENS) {
    for (const theme of THEMES) {
      try {
        await withEngine(engine, { theme, viewport, query: '?sample=still_life' }, async ({ page }) => {
          for (const [shot, reach] of Object.entries(ENGINE_SHOTS)) {
            await reach(page);
            await on.settled(page);
            writeFileSync(join(FOLDER, `${engine}-${shot}-${width}-${theme}.png`), await page.screenshot());
          }
        });
      } catch (error) {
        failures.push(`${engine} at ${width}, ${theme}: ${error.message.split('\n')[0]}`);
      }
    }
  }
  console.log(`${engine.padEnd(18)} ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** Brings a new page into the state and takes it in every theme. A state that is not reached is taken as it is. */
async function shoot(state, screen) {
  const server = await serveSite(site(), '/', changeOf(state));
  const { name: width, ...options } = screen;
  const context = await browser.newContext({ ...options, colorScheme: THEMES[0] });
  try {
    await state.before?.(context, server.url);
    const page = await context.newPage();
    page.setDefaultTimeout(state.timeout ?? 60_000);
    page.on('pageerror', (error) => failures.push(`${state.name} at ${width}: the page threw ${error.message}`));
    await page.goto(server.url + (state.query ?? '?device=cpu&resolution=32&sample=still_life'));
    try {
      await state.reach(page, screen);
    } finally {
      for (const theme of THEMES) {
        await page.emulateMedia({ colorScheme: theme });
        await on.settled(page);
        await page.screenshot({ path: join(FOLDER, `${state.name}-${width}-${theme}.png`) });
      }
    }
  } finally {
    await context.close();
    await server.close();
  }
}

/** What the host does otherwise: `answers` of the state, and its code before the worker's own. */
function changeOf({ worker, answers = () => undefined }) {
  // Imports run before the code of a module wherever they stand, so this comes before the first line of worker.js itself.
  return (name, read) => (worker && name === 'worker.js' ? Buffer.concat([Buffer.from(`{${worker}}\n`), read()]) : answers(name, read));
}

/** All pictures of one width and theme, small and with their names. */
async function takeSheet({ name: width, viewport }, theme) {
  const ending = `-${width}-${theme}.png`;
  const ofEngines = ENGINES.flatMap((engine) => Object.keys(ENGINE_SHOTS).map((shot) => `${engine}-${shot}`));
  const order = [...[...STATES, ...photoStates().photos].map(({ name }) => name), ...ofEngines];
  const there = new Set(readdirSync(FOLDER));
  const names = order.filter((name) => there.has(name + ending));
  const side = viewport.width > viewport.height ? 560 : 260;
  const figures = names.map((name) => `<figure><img src="./${name}${ending}" width="${side}"><figcaption>${name}</figcaption></figure>`);
  const [ground, ink] = theme === 'dark' ? ['#333', '#eee'] : ['#ccc', '#111'];
  const file = join(FOLDER, 'sheet.html');
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><style>body { margin: 16px; display: flex; flex-wrap: wrap; gap: 16px; background: ${ground}; color: ${ink};
      font: 16px system-ui } figure { margin: 0 } img { display: block; margin-bottom: 4px }</style>${figures.join('')}`,
  );
  const page = await browser.newPage({ viewport: { width: 1776, height: 900 } });
  page.setDefaultTimeout(120_000);
  await page.goto(pathToFileURL(file).href);
  await page.screenshot({ path: join(FOLDER, `sheet${ending}`), fullPage: true });
  await page.close();
  rmSync(file);
}
