// `cargo xtask shots`: a picture of every state of the page, wide and on a phone, dark and light, for a person to look at.
// Names on the command line are the states to take; without any, all are.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch, site } from './browser.mjs';
import { STATES, photoStates } from './shot_states.mjs';
import { serveSite } from './site_server.mjs';

const FOLDER = resolve(process.env.MASKOV_SHOTS ?? '../../target/shots');
const SCREENS = [
  { name: '1440', viewport: { width: 1440, height: 900 } },
  { name: '390', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
];
const THEMES = ['dark', 'light'];
/** The longest transition of the page is 120 ms. */
const SETTLED_MS = 350;

const { states, isAll } = chosen(process.argv.slice(2));
if (isAll) rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });

const browser = await launch();
const failures = [];
try {
  for (const state of states) await take(state);
  for (const screen of SCREENS) for (const theme of THEMES) await takeSheet(screen, theme);
} finally {
  await browser.close();
}
console.log(`\nThe pictures are in ${FOLDER}; sheet-*.png shows all of a width and theme at once.`);
for (const failure of failures) console.error(`failed: ${failure}`);
process.exitCode = failures.length ? 1 : 0;

/** The states that were asked for, and whether that is all of them. */
function chosen(names) {
  const { photos, missing } = photoStates();
  const all = [...STATES, ...photos];
  if (missing) console.log(`${missing} is not there: the shots of real photos are left out.`);
  const unknown = names.find((name) => all.every((state) => state.name !== name));
  if (unknown) {
    console.error(`There is no state ${unknown}; the states are ${all.map(({ name }) => name).join(', ')}.`);
    process.exit(1);
  }
  return { states: names.length ? all.filter(({ name }) => names.includes(name)) : all, isAll: !names.length };
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
        await page.waitForTimeout(SETTLED_MS);
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
  const order = [...STATES, ...photoStates().photos].map(({ name }) => name);
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
  await page.goto(pathToFileURL(file).href);
  await page.screenshot({ path: join(FOLDER, `sheet${ending}`), fullPage: true });
  await page.close();
  rmSync(file);
}
