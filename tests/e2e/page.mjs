// What a person does on the page, and what comes of it, in terms of photo pixels.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli, site } from './browser.mjs';

/** A folder for this run's files. */
export const scratch = mkdtempSync(join(tmpdir(), 'maskov-e2e-'));

export const samplePath = () => join(site(), 'sample/still_life.jpg');

/** Waits until the engine has nothing to do, and fails with what the page says when that is an error. */
export async function untilRest(page, timeout = 240_000) {
  await page.waitForSelector('#status[data-state=ready], #status[data-state=error]', { timeout, state: 'attached' });
  if ((await page.getAttribute('#status', 'data-state')) === 'error') throw new Error(await notice(page));
}

/** Waits for the mask of this many points. */
export async function untilMask(page, points, timeout = 240_000) {
  const arrived = page.waitForSelector(`#overlay[data-points="${points}"]`, { timeout, state: 'attached' });
  const failed = page.waitForSelector('#status[data-state=error]', { timeout, state: 'attached' });
  const failure = failed.then(async () => Promise.reject(new Error(await notice(page))), () => new Promise(() => {}));
  await Promise.race([arrived, failure]);
}

/** The sentence of the notice, once there is one. */
export async function notice(page, timeout = 60_000) {
  await page.waitForSelector('#notice:not([hidden])', { timeout });
  return page.textContent('#notice p');
}

/** Where the photo's pixel lies in the window: the middle of it, in CSS pixels. */
export async function placeOf(page, x, y) {
  return page.evaluate(([x, y]) => {
    // Measured from the outside: the photo fills the stage, less a margin in wide windows, and is in the middle of it.
    const stage = document.querySelector('#stage').getBoundingClientRect();
    const [width, height] = document.querySelector('#photo').dataset.size.split(' ').map(Number);
    const margin = stage.width > 640 ? 24 : 0;
    const scale = Math.min((stage.width - 2 * margin) / width, (stage.height - 2 * margin) / height);
    return {
      x: stage.left + (stage.width - width * scale) / 2 + (x + 0.5) * scale,
      y: stage.top + (stage.height - height * scale) / 2 + (y + 0.5) * scale,
    };
  }, [x, y]);
}

/** Clicks on a pixel of the photo. */
export async function clickPixel(page, x, y, { button = 'left', key } = {}) {
  const place = await placeOf(page, x, y);
  if (key) await page.keyboard.down(key);
  await page.mouse.click(place.x, place.y, { button });
  if (key) await page.keyboard.up(key);
}

/** The points as the page shows them, once it has drawn. */
export async function pointsOf(page) {
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  return page.$$eval('#points li', (items) =>
    items.map((item) => ({ x: Number(item.dataset.x), y: Number(item.dataset.y), kind: item.className })),
  );
}

/** Drops files on the window, as a file manager does. */
export async function drop(page, files) {
  const named = files.map(({ name, type, bytes }) => ({ name, type, base64: Buffer.from(bytes).toString('base64') }));
  await page.evaluate((files) => {
    const transfer = new DataTransfer();
    for (const { name, type, base64 } of files) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type }));
    }
    const target = document.querySelector('footer');
    for (const kind of ['dragenter', 'dragover', 'drop']) {
      target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
    }
  }, named);
}

/** Presses a save button; resolves to the file's name and bytes. */
export async function save(page, what) {
  const coming = page.waitForEvent('download', { timeout: 60_000 });
  await page.click(`[data-do="save-${what}"]`);
  const download = await coming;
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** The mask PNG of the command line for the same question. */
export function maskByCli(photo, points, { device, resolution }) {
  const out = join(scratch, `cli-${device}-${resolution}.png`);
  const asked = points.flatMap(({ x, y, kind }) => ['--point', `${x},${y}${kind === 'remove' ? ':bg' : ''}`]);
  execFileSync(
    cli(),
    ['segment', photo, ...asked, '--device', device, '--resolution', String(resolution), '--out', out],
    // Without such a folder the software driver prints an error for every device.
    { stdio: ['ignore', 'ignore', 'inherit'], env: { XDG_RUNTIME_DIR: scratch, ...process.env } },
  );
  return readFileSync(out);
}

/** Size of two masks and their intersection over union, by the browser's own PNG decoder. */
export function compareMasks(page, first, second) {
  return page.evaluate(async (pngs) => {
    const decode = async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height);
    };
    const [a, b] = await Promise.all(pngs.map(decode));
    let both = 0;
    let either = 0;
    for (let i = 0; i < a.data.length; i += 4) {
      const [inA, inB] = [a.data[i] > 127, b.data[i] > 127];
      both += inA && inB;
      either += inA || inB;
    }
    const size = (image) => [image.width, image.height];
    return { sizes: [size(a), size(b)], iou: either ? both / either : 1, pixels: either };
  }, [first, second].map((bytes) => Buffer.from(bytes).toString('base64')));
}

/** A JPEG with an EXIF block that says which way is up (EXIF 2.32, tag 0x0112). */
export function withOrientation(jpeg, orientation) {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex');
  tiff.writeUInt16BE(orientation, 18);
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

/** Writes bytes where the command line can read them. */
export function scratchFile(name, bytes) {
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return path;
}
