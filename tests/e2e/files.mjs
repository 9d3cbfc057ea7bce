// Photos for the page, and what the files that it saves are compared with.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { cli, site } from './browser.mjs';

/** A folder for this run's files. */
export const scratch = mkdtempSync(join(tmpdir(), 'maskov-e2e-'));

export const samplePath = () => join(site(), 'sample/still_life.jpg');
export const sample = () => readFileSync(samplePath());

/** Writes bytes where the command line can read them. */
export function scratchFile(name, bytes) {
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return path;
}

const REAL_PHOTOS = fileURLToPath(new URL('../../../shared/data/GrabCut/images/', import.meta.url));
/** Real photos, each with a pixel in the middle of its thing; null where this machine has none. */
export function realPhotos() {
  if (!existsSync(REAL_PHOTOS)) {
    if (process.env.MASKOV_SKIPS) appendFileSync(process.env.MASKOV_SKIPS, 'e2e\t../shared/data/GrabCut/images\n');
    return null;
  }
  const things = { llama: [220, 236], flower: [291, 244], teddy: [141, 187] };
  return Object.entries(things).map(([thing, pixel]) => ({ name: `${thing}.png`, pixel, bytes: readFileSync(join(REAL_PHOTOS, `${thing}.png`)) }));
}

/** A PNG of 8-bit RGB (`PNG specification`, section 11). @param {(x: number, y: number) => [number, number, number]} colour */
export function png(width, height, colour) {
  const rows = Buffer.alloc((1 + 3 * width) * height);
  for (let y = 0, at = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++, at += 3) rows.set(colour(x, y), at);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 1 })), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(name, content) {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

/** A red disc in the middle of a blue ground. */
export function discPhoto(width, height) {
  const radius = Math.min(width, height) * 0.35;
  return png(width, height, (x, y) => (Math.hypot(x - width / 2, y - height / 2) < radius ? [200, 40, 40] : [40, 60, 120]));
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

/** The mask PNG of the command line for the same question. */
export function maskByCli(photo, points, { device, resolution }) {
  const out = join(scratch, `cli-${device}-${resolution}.png`);
  const asked = points.flatMap(({ x, y, kind }) => ['--point', `${x},${y}${kind === 'remove' ? ':bg' : ''}`]);
  execFileSync(
    cli(),
    ['segment', photo, ...asked, '--device', device, '--resolution', String(resolution), '--force', '--out', out],
    // Without such a folder the software driver prints an error for every device.
    { stdio: ['ignore', 'ignore', 'inherit'], env: { XDG_RUNTIME_DIR: scratch, ...process.env } },
  );
  return readFileSync(out);
}

/** In the page: the pixels of an image file, not premultiplied on the way and in the file's own numbers. */
const DECODE = `async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]), { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
  const { width, height } = bitmap;
  const gl = new OffscreenCanvas(1, 1).getContext('webgl');
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, gl.getParameter(gl.TEXTURE_BINDING_2D), 0);
  const data = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, data);
  return { width, height, data };
}`;

const inPage = (page, body, files) => page.evaluate(`(${body})(${DECODE}, ${JSON.stringify(files.map((bytes) => Buffer.from(bytes).toString('base64')))})`);

/** Size of two masks and their intersection over union, by the browser's own PNG decoder. */
export function compareMasks(page, first, second) {
  return inPage(page, String(maskAgreement), [first, second]);
}

async function maskAgreement(decode, files) {
  const [a, b] = await Promise.all(files.map(decode));
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.data.length; i += 4) {
    const [inA, inB] = [a.data[i] > 127, b.data[i] > 127];
    both += inA && inB;
    either += inA || inB;
  }
  const size = (image) => [image.width, image.height];
  return { sizes: [size(a), size(b)], iou: either ? both / either : 1, pixels: either };
}

/** How a cut-out agrees with its mask and, where it is opaque, with the photo: numbers of pixels, and the largest difference of a colour. */
export function compareCutout(page, cutout, mask, photo) {
  return inPage(page, String(cutoutAgreement), [cutout, mask, photo]);
}

async function cutoutAgreement(decode, files) {
  const [cutout, mask, photo] = await Promise.all(files.map(decode));
  const found = { size: [cutout.width, cutout.height], opaque: 0, notAsMask: 0, otherColours: 0, largest: 0 };
  for (let i = 0; i < cutout.data.length; i += 4) {
    const isOpaque = cutout.data[i + 3] === 255;
    found.opaque += isOpaque;
    if (isOpaque !== mask.data[i] > 127) found.notAsMask++;
    if (!isOpaque) continue;
    const differences = [0, 1, 2].map((channel) => Math.abs(cutout.data[i + channel] - photo.data[i + channel]));
    found.largest = Math.max(found.largest, ...differences);
    found.otherColours += differences.some(Boolean);
  }
  return found;
}

/** The colour of one pixel of an image file. */
export async function colourAt(page, file, x, y) {
  return inPage(page, `async (decode, [file]) => {
    const { width, data } = await decode(file);
    return [...data.slice((${y} * width + ${x}) * 4, (${y} * width + ${x}) * 4 + 3)];
  }`, [file]);
}
