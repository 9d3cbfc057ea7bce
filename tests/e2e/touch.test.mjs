// A phone: one finger places and pulls, two pan and zoom, a magnifier shows what is under the finger, and nothing is cut off.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as on from './page.mjs';
import { WITHOUT_MODEL, withSite } from './visit.mjs';

const { APPLE, PEAR, PHONE } = on;

/** Fingers on the screen: each call says where all of them are now; `at` also when, in seconds of the epoch. */
async function fingersOf(page) {
  const session = await page.context().newCDPSession(page);
  const send = (type, places, timestamp) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: places.map(({ x, y }, id) => ({ x, y, id })), ...(timestamp && { timestamp }) });
  const act = (type) => Object.assign((...places) => send(type, places), { at: (timestamp, ...places) => send(type, places, timestamp) });
  return { down: act('touchStart'), move: act('touchMove'), up: act('touchEnd') };
}

const boxOf = (page) => page.locator('#photo').boundingBox();

test('a tap adds or leaves out as the toggle says, and what it makes is a mask', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await on.tapPixel(page, ...PEAR);
    await page.tap('[data-do="tap-removes"]');
    await page.waitForSelector('[data-do="tap-removes"][aria-pressed=true]');
    await on.tapPixel(page, ...APPLE);
    await page.tap('[data-do="tap-adds"]');
    await on.tapPixel(page, 1300, 300);
    await on.untilMask(page, 3);
    const near = (await on.pointsOf(page)).map(({ x, y, kind }, i) => {
      const [wantedX, wantedY] = [PEAR, APPLE, [1300, 300]][i];
      return [Math.abs(x - wantedX) <= 3 && Math.abs(y - wantedY) <= 3, kind];
    });
    assert.deepEqual(near, [[true, 'add'], [true, 'remove'], [true, 'add']]);
    await page.tap('nav [data-do="undo"]');
    assert.equal((await on.pointsOf(page)).length, 2);
    await page.tap('nav [data-do="redo"]');
    assert.equal((await on.pointsOf(page)).length, 3);
    const [{ x, y }] = await on.pointsOf(page);
    await on.tapPixel(page, x, y);
    assert.equal((await on.pointsOf(page)).length, 2, 'a tap on a point deletes it');
    const saved = await on.save(page, 'cutout');
    assert.equal(saved.name, 'still_life-cutout.png');
  }, { query: on.CPU_16, context: PHONE });
});

test('two fingers zoom at their middle and pan, and make no point', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    const fingers = await fingersOf(page);
    const from = await boxOf(page);
    const middle = await on.placeOf(page, ...PEAR);
    const pair = (half, dx = 0, dy = 0) => [{ x: middle.x - half + dx, y: middle.y + dy }, { x: middle.x + half + dx, y: middle.y + dy }];
    await fingers.down(pair(20)[0]);
    await fingers.down(...pair(20));
    for (const half of [30, 40, 50, 60]) await fingers.move(...pair(half));
    await on.drawn(page);
    const zoomed = await boxOf(page);
    assert.ok(Math.abs(zoomed.width / from.width - 3) < 0.05, `three times as far apart is ${zoomed.width / from.width} times as large`);
    const still = await on.placeOf(page, ...PEAR);
    assert.ok(Math.hypot(still.x - middle.x, still.y - middle.y) < 1.5, 'what is between the fingers stays there');
    for (const step of [10, 20, 30]) await fingers.move(...pair(60, step, 2 * step));
    await on.drawn(page);
    const panned = await boxOf(page);
    assert.ok(Math.abs(panned.x - zoomed.x - 30) < 1.5 && Math.abs(panned.y - zoomed.y - 60) < 1.5);
    await fingers.up(pair(60)[0]);
    await fingers.up();
    assert.deepEqual(await on.pointsOf(page), []);
    await on.tapPixel(page, ...PEAR);
    const [{ x, y }] = await on.pointsOf(page);
    assert.ok(Math.abs(x - PEAR[0]) <= 1 && Math.abs(y - PEAR[1]) <= 1, 'zoomed in, a tap is on its pixel');
  }, { ...WITHOUT_MODEL, context: PHONE });
});

test('the magnifier shows where the finger is; the point is where it went down; moving pulls its size', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    const fingers = await fingersOf(page);
    const magnifier = page.locator('#magnifier');
    assert.ok(await magnifier.isHidden());
    const from = await on.placeOf(page, ...PEAR);
    await fingers.down(from);
    await on.drawn(page);
    assert.ok(await magnifier.isVisible());
    assert.equal((await on.pointsOf(page)).length, 1, 'the point is not seen at once');
    const box = await magnifier.boundingBox();
    assert.ok(box.y + box.height < from.y, 'the finger hides the magnifier');
    const painted = await page.$eval('#magnifier', (canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, i) => i % 4 === 3 && value === 255).length / (data.length / 4);
    });
    assert.ok(painted > 0.9, `only ${painted} of the magnifier shows the photo`);

    const to = await on.placeOf(page, PEAR[0] + 200, PEAR[1]);
    await fingers.move({ x: (from.x + to.x) / 2, y: from.y });
    await fingers.move(to);
    const { taken } = await on.untilRing(page);
    assert.ok(Math.abs(taken / ((Math.PI * 200 ** 2) / (1600 * 1200)) - 1) < 0.05, `${taken}`);
    assert.ok(await magnifier.isVisible());
    const moved = await magnifier.boundingBox();
    assert.ok(moved.x > box.x, 'the magnifier stays behind');
    const words = await page.locator('#size-words').boundingBox();
    assert.ok(words.x + words.width < to.x - 20, 'the finger hides the words');
    await fingers.up();
    await on.drawn(page);
    assert.ok(await magnifier.isHidden());
    const [{ x, y }] = await on.pointsOf(page);
    assert.ok(Math.abs(x - PEAR[0]) <= 3 && Math.abs(y - PEAR[1]) <= 3, `${x}, ${y}`);
    assert.deepEqual(await on.sizesOf(page), [(await on.ringOf(page)).size]);

    // The grip of the ring can be pulled too; a finger on the point moves it, under the magnifier.
    const grip = await page.locator('.grip:visible').boundingBox();
    const middle = { x: grip.x + grip.width / 2, y: grip.y + grip.height / 2 };
    await fingers.down(middle);
    for (const step of [10, 20, 30]) await fingers.move({ x: middle.x + step, y: middle.y });
    await fingers.up();
    const [size] = await on.sizesOf(page);
    assert.ok(size > taken * 1.2, `${size} after ${taken}`);
    await fingers.down(from);
    for (const step of [10, 20, 30]) await fingers.move({ x: from.x, y: from.y - step });
    await on.drawn(page);
    assert.ok(await magnifier.isVisible());
    await fingers.up();
    assert.ok((await on.pixelsOf(page))[0][1] < PEAR[1] - 30);
    assert.deepEqual(await on.sizesOf(page), [size]);
    assert.ok(await magnifier.isHidden());
  }, { ...WITHOUT_MODEL, context: PHONE });
});

test('a finger that rests on a point shows its ring and leaves it there', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    const fingers = await fingersOf(page);
    const at = (x) => on.placeOf(page, x, 500);
    for (const x of [400, 1200]) {
      await fingers.down(await at(x));
      await fingers.move(await at(x + 150));
      await fingers.up();
    }
    assert.equal((await on.ringOf(page)).point, 1);
    const now = Date.now() / 1000;
    await fingers.down.at(now, await at(400));
    await fingers.up.at(now + 0.8);
    assert.equal((await on.ringOf(page)).point, 0);
    assert.equal((await on.pointsOf(page)).length, 2);
    await fingers.down.at(now + 2, await at(400));
    await fingers.up.at(now + 2.1);
    assert.equal((await on.pointsOf(page)).length, 1, 'a tap on a point deletes it');
  }, { ...WITHOUT_MODEL, context: PHONE });
});

test('a pull by a finger shows its mask, a second finger gives it up', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.untilHint(page, /^Tap a thing\. Pull to grow it\./);
    const fingers = await fingersOf(page);
    const from = await on.placeOf(page, ...PEAR);
    const at = (away) => ({ x: from.x + away, y: from.y });
    await fingers.down(from);
    for (const away of [10, 20, 30]) await fingers.move(at(away));
    const small = await on.untilLive(page);
    await fingers.down(at(30), { x: from.x - 60, y: from.y });
    await on.drawn(page);
    assert.deepEqual(await on.pointsOf(page), [], 'two fingers place a point');
    await fingers.up(at(30));
    await fingers.up();
    await page.waitForSelector('#overlay:not(.live)', { state: 'attached' });
    await fingers.down(from);
    for (const away of [20, 40, 60]) await fingers.move(at(away));
    assert.ok(Number(await on.untilLive(page, small)) > Number(small));
    await fingers.up();
    await on.untilMask(page, 1);
    await on.untilRing(page);
    // It is gone once it was followed.
    await on.untilNoHint(page);
  }, { query: on.CPU_16, context: PHONE });
});

test('at 390 px nothing is cut off, in no card either, and what a finger presses is large enough', { timeout: 240_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    const assertFits = async (what) => {
      await on.settled(page);
      const { wide, small, scrolls } = await page.evaluate(() => {
        const seen = [...document.querySelectorAll('button, .card, .card p, .hint, dialog[open], #status')].filter((node) => node.checkVisibility());
        const boxes = seen.map((node) => ({ name: node.dataset.do ?? node.id ?? node.tagName, box: node.getBoundingClientRect() }));
        return {
          wide: boxes.filter(({ box }) => box.width && (box.left < -0.5 || box.right > innerWidth + 0.5 || box.top < -0.5 || box.bottom > innerHeight + 0.5)),
          small: boxes.filter(({ name, box }) => ['undo', 'redo', 'tap-adds', 'tap-removes', 'open', 'export'].includes(name) && box.height < 40).map(({ name }) => name),
          scrolls: document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight,
        };
      });
      assert.deepEqual({ wide, small, scrolls }, { wide: [], small: [], scrolls: false }, what);
    };
    await assertFits('ready');
    await on.tapPixel(page, ...PEAR);
    await on.untilMask(page, 1);
    await assertFits('editing');
    for (const [command, card] of [['export', '#export'], ['how', '#how'], ['device', '#cpu']]) {
      await on.press(page, command);
      await page.waitForSelector(`${card}:not([hidden])`);
      await assertFits(command);
      await page.keyboard.press('Escape');
    }
    await on.drop(page, [{ name: 'notes.txt', bytes: 'Milk, bread, a pear.' }]);
    await on.notice(page);
    await assertFits('an error');
  }, { query: on.CPU_16, context: PHONE });
});
