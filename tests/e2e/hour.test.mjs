// Memory comes back: the scripted hour in short. `cargo xtask hour` takes all of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growths, scriptedHour } from './scripted_hour.mjs';

test('nothing that the page holds grows with the photos that were opened', { timeout: 240_000, skip: process.platform !== 'linux' && 'Linux alone tells what a process holds' }, async (t) => {
  const samples = await scriptedHour({ photos: 8, previews: 48, clicks: 16, device: 'cpu' });
  const found = growths(samples);
  for (const { message } of found) t.diagnostic(message);
  assert.deepEqual(found.filter(({ isTooMuch }) => isTooMuch).map(({ message }) => message), []);
});
