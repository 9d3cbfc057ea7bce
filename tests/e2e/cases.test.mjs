// Files that opened wrong, made from numbers (tests/fixtures/cases): what is seen is what is cut, and it is right.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { compareMasks, discPhoto, png } from './files.mjs';
import * as on from './page.mjs';
import { withSite } from './visit.mjs';

const FOLDER = new URL('../fixtures/cases/', import.meta.url);
const read = (name) => readFileSync(new URL(name, FOLDER));

/** Most files: an orange ellipse, upright; the browser's own picture of the file, or of `reference`, looks the same. */
const ELLIPSE = { pixel: [70, 54], truth: 'truth_200x136.png', reference: 'itself' };
const SQUARE = { ...ELLIPSE, pixel: [56, 64], truth: 'truth_160x160.png', reference: null };
/** A product on nothing: all of what is seen belongs to it. */
const PRODUCT = { pixel: [240, 180], truth: null, reference: 'itself' };
const OTHERS = {
  '09_jpeg_no_eoi.jpg': { ...ELLIPSE, reference: '00_control.jpg' },
  '15_webp_exif_o3_lossless.webp': { ...ELLIPSE, reference: '00_control.png' },
  '15_webp_square_exif_o6.webp': SQUARE,
  '34_black_on_transparent.png': PRODUCT,
  '34_pure_white_on_transparent.png': PRODUCT,
};
const REFUSED = '21_png_bad_crc_idat.png';
const OPENED = readdirSync(FOLDER).filter((name) => /\.(jpg|png|webp|gif|bmp)$/.test(name) && !name.startsWith('truth') && name !== REFUSED);

test('of every file what is seen is what is cut', { timeout: 600_000 }, async (all) => {
  await withSite(async ({ page }) => {
    for (const name of OPENED) await all.test(name, () => opens(page, name, OTHERS[name] ?? ELLIPSE));
  }, { query: on.CPU_32 });
});

test('a file that is wrong within is refused in plain words, and nothing is lost', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilReady(page);
    await on.clickPixel(page, ...on.PEAR);
    await on.untilMask(page, 1);
    await on.drop(page, [{ name: REFUSED, bytes: read(REFUSED) }]);
    await on.untilNotice(page, /^21_png_bad_crc_idat\.png did not open\. The PNG file is damaged[^()"]*\.$/);
    assert.equal(await page.textContent('#notice .primary'), 'Choose a photo');
    assert.match(await page.textContent('#file'), /^still_life\.jpg/);
    assert.deepEqual(await on.pixelsOf(page), [on.PEAR]);
    assert.ok((await on.areaOf(page)) > 0);
  }, { query: on.CPU_16 });
});

async function opens(page, name, { pixel, truth, reference }) {
  await on.untilPhoto(page);
  await on.drop(page, [{ name, bytes: read(name) }]);
  await page.waitForFunction((name) => document.querySelector('#file').textContent.startsWith(name), name);
  await on.untilReady(page);
  await on.clickPixel(page, ...pixel);
  await on.untilMask(page, 1);
  const cutout = await on.save(page, 'cutout');
  const found = await compareShown(page, cutout.bytes, reference && read(reference === 'itself' ? name : reference));
  assert.deepEqual(found.cutSize, found.size);
  assert.ok(found.opaque > 500, JSON.stringify(found));
  // The same pixels and the same profile: only the canvas rounds.
  assert.ok(found.colour <= 1 && found.alpha <= 1, `what is cut is not what is seen: ${JSON.stringify(found)}`);
  // Two decoders of one lossy file differ by a few in a pixel and not in the mean; another turn, profile or scan does.
  if (reference) assert.ok(found.unlike < 1.5, `the picture is not what the file shows elsewhere: ${JSON.stringify(found)}`);
  const mask = await on.save(page, 'mask');
  const { iou } = await compareMasks(page, mask.bytes, truth ? read(truth) : await seenOf(page));
  assert.ok(iou >= 0.97, `IoU ${iou}`);
}

/** In the page: the pixels of a picture as they are seen. */
const SEEN = `(picture) => {
  const canvas = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);
  const context = canvas.getContext('2d');
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}`;

/**
 * The photo as the page shows it beside the cut-out's pixels, both as a screen shows them: the largest difference of a colour
 * and of an alpha within the object; and how much it differs, in the mean, from what the browser shows of another file.
 */
function compareShown(page, cutout, reference) {
  const files = [cutout, reference ?? cutout].map((bytes) => Buffer.from(bytes).toString('base64'));
  return page.evaluate(`(${shownAgreement})(${SEEN}, ${JSON.stringify(files)})`);
}

async function shownAgreement(seen, files) {
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const pictures = files.map((base64) => Object.assign(new Image(), { src: URL.createObjectURL(new Blob([bytesOf(base64)])) }));
  // What it cannot decode to the end, it still shows.
  await Promise.all(pictures.map((picture) => new Promise((loaded) => (picture.onload = picture.onerror = loaded))));
  const [shown, cut, other] = [document.querySelector('#photo'), ...pictures].map(seen);
  const found = { size: [shown.width, shown.height], cutSize: [cut.width, cut.height], opaque: 0, colour: 0, alpha: 0, unlike: 0 };
  for (let i = 0; i < shown.data.length; i += 4) {
    const inside = cut.data[i + 3] > 0;
    if (inside) {
      found.opaque += cut.data[i + 3] === 255;
      found.alpha = Math.max(found.alpha, Math.abs(cut.data[i + 3] - shown.data[i + 3]));
      for (const c of [0, 1, 2]) found.colour = Math.max(found.colour, Math.abs(cut.data[i + c] - shown.data[i + c]));
    }
    for (const c of [0, 1, 2, 3]) found.unlike += Math.abs((other.data[i + c] ?? 1e9) - shown.data[i + c]) / shown.data.length;
  }
  return found;
}

/** What is seen of the photo at all, as a mask. */
async function seenOf(page) {
  const { width, height, opaque } = await page.evaluate(`(() => {
    const { width, height, data } = (${SEEN})(document.querySelector('#photo'));
    return { width, height, opaque: Array.from({ length: width * height }, (_, i) => data[4 * i + 3] > 127) };
  })()`);
  return png(width, height, (x, y) => Array(3).fill(opaque[y * width + x] ? 255 : 0));
}

test('this comparison tells a turned picture, other colours and a lost transparency', { timeout: 180_000 }, async () => {
  await withSite(async ({ page }) => {
    await on.untilPhoto(page);
    await on.drop(page, [{ name: 'control.png', bytes: read('00_control.png') }]);
    await on.untilPhoto(page, '200 136');
    const against = (bytes) => compareShown(page, bytes, bytes);
    assert.deepEqual(await against(read('00_control.png')), { size: [200, 136], cutSize: [200, 136], opaque: 200 * 136, colour: 0, alpha: 0, unlike: 0 });
    assert.ok((await against(read('15_webp_exif_o3_lossless.webp'))).colour > 100, 'turned');
    assert.ok((await against(read('20_png_gama_linear.png'))).unlike > 20, 'other colours');
    assert.ok((await against(read('26_bmp32_v5_birgb_alpha_clipboard.bmp'))).unlike > 10, 'transparent');
    assert.deepEqual((await against(discPhoto(20, 10))).cutSize, [20, 10]);
  }, { query: on.CPU_16 });
});
