// `cargo xtask hour`: what the page holds after every photo of a scripted hour, on this machine's CPU or a software GPU.
// Prints a Markdown table; fails where something grows with the photos.
import { parseArgs } from 'node:util';
import { KINDS, growths, scriptedHour } from './scripted_hour.mjs';

const HELP = `node hour.mjs [--photos 40] [--previews 5000] [--clicks 200] [--device cpu|gpu]; numbers are those of the whole hour`;
const MOST_ROWS = 12;

if (process.platform !== 'linux') throw new Error('Only Linux tells what a process holds (/proc/PID/smaps_rollup): run this there.');
const { photos, previews, clicks, device } = read(process.argv.slice(2));
const query = `${photos} photos, ${previews} previews, ${clicks} clicks, ?device=${device}`;
const start = performance.now();
const samples = await scriptedHour({ photos, previews, clicks, device }, (photo) => console.error(`photo ${photo} of ${photos}: ${minutes()}`));
const found = growths(samples);

console.log(`\n${query}, ${minutes()}\n`);
const kinds = Object.entries(KINDS).filter(([kind]) => samples[0][kind] !== undefined);
console.log(`| after photo | ${kinds.map(([, { what }]) => what).join(' | ')} |\n|--:|${kinds.map(() => '--:|').join('')}`);
const step = Math.ceil(photos / MOST_ROWS);
samples.forEach((sample, i) => {
  const isShown = i < 2 || i === photos - 1 || (i + 1) % step === 0;
  if (isShown) console.log(`| ${i + 1} | ${kinds.map(([kind, { show }]) => show(sample[kind])).join(' | ')} |`);
});
for (const { message } of found.filter(({ isTooMuch }) => isTooMuch)) {
  console.error(`\n${message}`);
  process.exitCode = 1;
}

function minutes() {
  return `${((performance.now() - start) / 60_000).toFixed(1)} min`;
}

function read(args) {
  const count = (value) => {
    if (!/^[1-9]\d*$/.test(value)) throw new Error(`${value} is no number of photos, previews or clicks. ${HELP}`);
    return Number(value);
  };
  const text = (value) => ({ type: 'string', default: value });
  const { values } = parseArgs({ args, options: { photos: text('40'), previews: text('5000'), clicks: text('200'), device: text('cpu') } });
  if (!['cpu', 'gpu'].includes(values.device)) throw new Error(`${values.device} is no device. ${HELP}`);
  const photos = count(values.photos);
  if (photos < 8) throw new Error(`${photos} photos do not tell whether anything grows with them: take 8 at least. ${HELP}`);
  return { photos, previews: count(values.previews), clicks: count(values.clicks), device: values.device };
}
