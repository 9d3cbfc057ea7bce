// The arithmetic of sizes, rings and stops: pure functions of the page, without a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWithinRing, onRay, ringAt, ringOf } from '../../web/page/rings.js';
import { clampedSize, nextStop, ofStops, percent, radiusOf, sizeOfRadius, stopOf } from '../../web/page/size.js';

const PHOTO = { id: 1, width: 400, height: 300 };
const STOPS = [0.05, 0.1, 0.2, 0.4].map((size) => ({ size, area: size, isAutomatic: size === 0.2 }));

test('a ring covers the share that it stands for, and sizes keep to their range', () => {
  for (const size of [0.001, 0.12, 0.9]) assert.ok(Math.abs(sizeOfRadius(radiusOf(size, PHOTO), PHOTO) - size) < 1e-9);
  assert.ok(Math.abs(Math.PI * radiusOf(0.25, PHOTO) ** 2 - 0.25 * 400 * 300) < 1e-6);
  assert.deepEqual([0, 1e9].map((radius) => sizeOfRadius(radius, PHOTO)), [0.001, 0.9]);
  assert.deepEqual([-1, 0.5, 2].map(clampedSize), [0.001, 0.5, 0.9]);
});

test('steps go to the next stop on either side, from a stop as from between two, and end at the ends', () => {
  const from = (size, direction) => nextStop(STOPS, size, direction)?.size;
  assert.deepEqual([from(0.1, 1), from(0.1, -1), from(0.15, 1), from(0.15, -1)], [0.2, 0.05, 0.2, 0.1]);
  assert.deepEqual([from(0.4, 1), from(0.05, -1), from(0.9, -1), from(0.001, 1)], [undefined, undefined, 0.4, 0.05]);
  // The document keeps 32-bit numbers: 0.1 comes back as something else.
  assert.equal(from(Math.fround(0.1), 1), 0.2);
  assert.equal(stopOf(STOPS, Math.fround(0.1)), 1);
  assert.equal(stopOf(STOPS, null), 2);
  assert.equal(stopOf(STOPS, 0.15), -1);
  assert.deepEqual([ofStops(STOPS, null), ofStops(STOPS, 0.15), ofStops([], null)], [', size 3 of 4', '', '']);
});

test('shares read as a person says them', () => {
  assert.deepEqual([0.12, 0.096, 0.0094, 0.001, 0.9, 0].map(percent), ['12 %', '10 %', '0.9 %', '0.1 %', '90 %', '0 %']);
});

/** A page with one point in the middle, that takes a share of the photo by itself. */
const stateOf = (change) => ({
  document: { photo: PHOTO, points: [{ x: 200, y: 150, foreground: true, size: null }], revision: 1 },
  mask: { taken: { '200,150': 0.1 } },
  camera: { scale: 2, x: 0, y: 0 },
  viewport: { width: 800, height: 600 },
  angle: 0, chosen: 0, aim: null, pull: null, drag: null,
  ...change,
});

test('the ring that is seen is that of the pull, else of the chosen point, else of the size chosen before the click', () => {
  const kept = ringOf(stateOf());
  assert.deepEqual([kept.index, kept.size, kept.taken, kept.angle], [0, null, 0.1, 0]);
  assert.ok(Math.abs(kept.radius - 2 * radiusOf(0.1, PHOTO)) < 1e-9);
  assert.equal(ringOf(stateOf({ chosen: -1 })), null);
  assert.equal(ringOf(stateOf({ mask: null })), null, 'nobody knows yet what it takes');
  const aim = { x: 10, y: 10, foreground: true, choice: { at: { x: 10, y: 10 }, size: 0.3, taken: 0.3 } };
  assert.equal(ringOf(stateOf({ chosen: -1, aim })).index, -1);
  assert.equal(ringOf(stateOf({ aim })).index, 0);
  const pull = { index: 1, x: 30, y: 30, size: 0.5, taken: 0.5, angle: 1, by: 'hand', isOn: true };
  assert.deepEqual([ringOf(stateOf({ pull })).index, ringOf(stateOf({ pull })).angle], [-1, 1]);
  assert.equal(ringOf(stateOf({ pull: { ...pull, isOn: false } })).index, 0);
});

test('a small ring can still be grabbed, and a grip is where it is seen, if it is seen at all', () => {
  const small = ringOf(stateOf({ mask: { taken: { '200,150': 0.0001 } } }));
  assert.equal(small.radius, 22);
  const beside = stateOf({ camera: { scale: 2, x: 380, y: 0 }, angle: 0, viewport: { width: 800, height: 600 } });
  const { x } = onRay(ringOf(beside), ringOf(beside).angle);
  assert.ok(x < 800 - 14, `the grip is at ${x}`);
  assert.equal(ringOf(stateOf({ camera: { scale: 80, x: -15600, y: -11600 } })).angle, null);
});

test('a mouse has the whole line, a finger the grip, and the point itself stays the point', () => {
  const state = stateOf();
  const { middle, radius } = ringOf(state);
  const left = { x: middle.x - radius, y: middle.y };
  const grip = { x: middle.x + radius + 15, y: middle.y };
  assert.deepEqual([ringAt(state, left, false), ringAt(state, left, true)], [0, -1]);
  assert.deepEqual([ringAt(state, grip, false), ringAt(state, grip, true)], [-1, 0]);
  assert.equal(ringAt(stateOf({ mask: { taken: { '200,150': 0.0001 } } }), { x: middle.x + 12, y: middle.y }, false), -1);
  assert.ok(isWithinRing(state, { x: middle.x + radius + 20, y: middle.y }));
  assert.ok(!isWithinRing(state, { x: middle.x + radius + 60, y: middle.y }));
});
