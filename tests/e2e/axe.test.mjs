// axe-core finds nothing, in every state that has something of its own to read, in both themes and at both widths.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

const AXE = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const SCREENS = { 1440: { viewport: { width: 1440, height: 900 } }, 390: on.PHONE };

/** What axe finds, as "rule: where", in the theme that is on. */
async function violationsOf(page) {
  const found = await page.evaluate(async () => (await axe.run(document, { resultTypes: ['violations'] })).violations);
  return found.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary.split('\n').slice(1).join(' ').trim()}`));
}

for (const [width, context] of Object.entries(SCREENS)) {
  test(`axe finds nothing at ${width} px, dark and light`, { timeout: 180_000 }, async () => {
    // The page stands still while it starts, for as long as axe looks.
    let begin;
    const gate = new Promise((resolve) => (begin = resolve));
    const change = (name, read) => (name.endsWith('pack.json') ? gate.then(read) : undefined);
    await withSite(async ({ page }) => {
      await page.evaluate(AXE);
      const found = {};
      const look = async (state) => {
        for (const colorScheme of ['dark', 'light']) {
          await page.emulateMedia({ colorScheme });
          await on.settled(page);
          const violations = await violationsOf(page);
          if (violations.length) found[`${state}, ${colorScheme}`] = violations;
        }
      };
      const click = (...pixel) => (context.hasTouch ? on.tapPixel(page, ...pixel) : on.clickPixel(page, ...pixel));
      await on.untilPhoto(page);
      await look('starting');
      begin();
      await on.untilReady(page);
      await look('ready');
      await click(...on.PEAR);
      await on.untilMask(page, 1);
      if (!context.hasTouch) await page.keyboard.press(',');
      await on.untilRing(page);
      await look('editing, with the ring');
      for (const panel of ['export', 'how', 'device', 'keys']) {
        if (panel === 'keys') await page.keyboard.press('?');
        else await on.press(page, panel);
        if (panel === 'export') await on.untilCutout(page);
        if (panel === 'how') await page.waitForSelector('#markov-map[data-step]');
        await look(panel);
        await page.keyboard.press('Escape');
      }
      await on.drop(page, [{ name: 'notes.txt', bytes: 'Milk, bread, a pear.' }]);
      await on.notice(page);
      await look('an error');
      assert.deepEqual(found, {});
    }, { query: on.CPU_16, context, change });
  });
}

test('this axe finds what is wrong', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await page.evaluate(AXE);
    await page.evaluate(() => document.querySelector('footer').append(document.createElement('button')));
    assert.ok((await violationsOf(page)).some((violation) => violation.startsWith('button-name')));
  }, { query: on.CPU_16 });
});
