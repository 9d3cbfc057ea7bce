// The device is taken away at ten moments: same photo, same points, same mask afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discPhoto } from './files.mjs';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

const { GPU_16 } = on;
const PHOTO = { name: 'disc.png', type: 'image/png', bytes: discPhoto(320, 240) };
const POINTS = [[160, 120], [30, 30]];

/**
 * Keeps the newest device and takes it away once `self.moment` comes: a message to the page that it is true for, or the
 * n-th piece of work that the GPU gets after a request of some kind.
 */
const TAKE_AWAY = `
  self.devices = 0;
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...wanted) {
    self.device = await requestDevice.apply(this, wanted);
    self.devices += 1;
    return self.device;
  };
  const comes = () => {
    self.moment = null;
    self.device.destroy();
  };
  const post = self.postMessage.bind(self);
  self.postMessage = (message, ...rest) => {
    if (self.moment?.isMessage?.(message)) comes();
    post(message, ...rest);
  };
  addEventListener('message', ({ data }) => {
    if (self.moment?.request === data.kind) self.moment.isOn = true;
  });
  const submit = GPUQueue.prototype.submit;
  GPUQueue.prototype.submit = function (...work) {
    if (self.moment?.isOn && self.moment.submits-- <= 0) comes();
    return submit.apply(this, work);
  };
`;

/** Says when: by a message, as source of a function of it, or by work after a request. */
const atMessage = (isMessage) => (page) => page.workers()[0].evaluate(`void (self.moment = { isMessage: ${isMessage} })`);
const atSubmit = (request, submits) => (page) => page.workers()[0].evaluate(`void (self.moment = { request: '${request}', submits: ${submits} })`);
const atShare = (share) => atMessage(`({ stage, done, total }) => stage === 'encoding' && total > 0 && done >= ${share} * total`);

const devicesOf = (page) => page.workers()[0].evaluate(() => self.devices);

async function openPhoto(page) {
  await on.drop(page, [PHOTO]);
  await on.untilPhoto(page, '320 240');
  await page.waitForFunction(() => document.querySelectorAll('.point').length === 0);
}

async function placePoints(page, points = POINTS) {
  for (const [i, pixel] of points.entries()) await on.clickPixel(page, ...pixel, { button: i ? 'right' : 'left' });
}

/** The mask of both points is there, and nothing more is said of a driver. @returns its outline */
async function untilDone(page) {
  await on.untilMask(page, POINTS.length, 120_000);
  await page.waitForSelector('#notice', { state: 'hidden', timeout: 60_000 });
  assert.deepEqual(await on.pixelsOf(page), POINTS);
  return on.contourOf(page);
}

test('the device is lost at ten moments: same points, same mask afterwards', { timeout: 1_200_000 }, async (t) => {
  await withSite(async ({ page, url }) => {
    await on.untilPhoto(page);
    await openPhoto(page);
    await placePoints(page);
    const undisturbed = await untilDone(page);
    assert.ok(undisturbed.length > 20);
    /** Does something in the middle of which the device goes, and looks at what is there afterwards. */
    const assertSame = async (moment, act) => {
      const before = await devicesOf(page);
      await act();
      const isOver = () => page.workers()[0].evaluate((before) => !self.moment && self.devices > before, before);
      for (let i = 0; i < 1200 && !(await isOver()); i++) await page.waitForTimeout(100);
      assert.ok(await isOver(), `the device was not lost and opened again ${moment}`);
      assert.equal(await untilDone(page), undisturbed, moment);
      t.diagnostic(`survived: ${moment}`);
    };
    const lose = () => page.workers()[0].evaluate(() => self.device.destroy());
    const clear = async () => {
      await page.keyboard.press('Escape');
      await on.untilMask(page, 0);
    };

    // Of the reading: its first 45 % are the network's layers, of which there are enough to be told of each share.
    for (const share of [0.05, 0.15, 0.25, 0.32, 0.38]) {
      await assertSame(`at ${100 * share} % of the reading`, async () => {
        await atShare(share)(page);
        await openPhoto(page);
        await placePoints(page);
        if (share > 0.35) assert.match(await on.notice(page), /graphics driver restarted\. Picking up where you were/);
      });
    }
    // Points of before would be found again without the device: each moment has the photo anew.
    await assertSame('between reading the photo and the click', async () => {
      await openPhoto(page);
      await on.untilReady(page);
      await lose();
      await placePoints(page);
    });
    await openPhoto(page);
    await placePoints(page, POINTS.slice(0, 1));
    await on.untilMask(page, 1);
    const first = await on.contourOf(page);
    await assertSame('in the chain of a click', async () => {
      await atSubmit('points', 2)(page);
      await on.clickPixel(page, ...POINTS[1], { button: 'right' });
      await on.notice(page);
      assert.equal(await on.contourOf(page), first, 'the old mask stays');
    });
    await assertSame('during a preview', async () => {
      await atSubmit('preview', 1)(page);
      await on.pointAt(page, 200, 60);
    });
    await on.pointAway(page);
    await assertSame('while nothing was to do', async () => {
      await lose();
      await page.waitForTimeout(500);
      await page.keyboard.press('Control+z');
      await on.untilMask(page, 1);
      await page.keyboard.press('Control+Shift+z');
      // Only what is new needs the device.
      await on.pointAt(page, 60, 200);
    });
    await page.goto(url + GPU_16);
    await on.untilPhoto(page);
    await assertSame('as soon as the model was loaded', async () => {
      await atMessage(`({ kind }) => kind === 'device'`)(page);
      await openPhoto(page);
      await placePoints(page);
    });
  }, { query: GPU_16, worker: TAKE_AWAY });
});

test('the sizes of points survive the loss of the device, in the middle of a pull too', { timeout: 400_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await openPhoto(page);
    await on.pull(page, POINTS[0], [POINTS[0][0] + 60, POINTS[0][1]]);
    await page.mouse.up();
    await on.clickPixel(page, ...POINTS[1], { button: 'right' });
    const undisturbed = await untilDone(page);
    const sizes = await on.sizesOf(page);
    assert.ok(sizes[0] > 0.1 && sizes[1] === null, JSON.stringify(sizes));
    // A point that is new needs the device; the others' maps are there.
    await page.workers()[0].evaluate(() => self.device.destroy());
    await on.clickPixel(page, 290, 30, { button: 'right' });
    await on.untilNotice(page, /graphics driver restarted/);
    await on.untilMask(page, 3);
    await page.keyboard.press('Control+z');
    await on.untilMask(page, 2);
    assert.equal(await untilDone(page), undisturbed);
    assert.deepEqual(await on.sizesOf(page), sizes);

    await page.workers()[0].evaluate(() => self.device.destroy());
    await on.pull(page, [250, 200], [290, 200]);
    await on.untilLive(page);
    await page.mouse.up();
    await on.untilMask(page, 3);
    assert.deepEqual((await on.sizesOf(page)).slice(0, 2), sizes);
  }, { query: GPU_16, worker: TAKE_AWAY });
});

test('a device that is lost again and again ends in a sentence and a button, and the CPU goes on', { timeout: 180_000 }, async () => {
  const always = `
    const requestDevice = GPUAdapter.prototype.requestDevice;
    self.devices = 0;
    GPUAdapter.prototype.requestDevice = async function (...wanted) {
      const device = await requestDevice.apply(this, wanted);
      if (++self.devices > 1 || self.isBroken) setTimeout(() => device.destroy(), 200);
      return (self.device = device);
    };
  `;
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await openPhoto(page);
    await placePoints(page);
    await untilDone(page);
    await page.workers()[0].evaluate(() => self.device.destroy());
    await on.clickPixel(page, 290, 200, { button: 'right' });
    assert.match(await on.untilNotice(page, /keeps restarting/, 120_000), /The CPU does the same/);
    assert.equal(await page.workers()[0].evaluate(() => self.devices), 4, 'opened once, and three times again');
    assert.equal(await page.textContent('#notice .primary'), 'Continue on the CPU');
    await page.click('#notice .primary');
    await on.untilMask(page, 3);
    assert.equal(await page.textContent('#device b'), 'CPU');
    assert.deepEqual(await on.pixelsOf(page), [...POINTS, [290, 200]]);
  }, { query: GPU_16, worker: always });
});
