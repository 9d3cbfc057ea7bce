// The engine's worker: the page's thread never computes. What the two say to each other is in page/engine.js.
import init from './maskov-web.js';
import { Scheduler } from './worker/scheduler.js';

/** Large arrays move to the page, nobody copies them. @param {import('./page/engine.js').Event} event */
const tell = (event) => postMessage(event, Object.values(event).filter(ArrayBuffer.isView).map((array) => array.buffer));
/** Whatever was thrown, in words. @param {any} error */
const words = (error) => String(error?.message ?? error);
/** @param {any} error as it was thrown, too */
const stopped = (error) => tell({ kind: 'error', code: 'engine-stopped', message: words(error) });
// A panic in the engine ends up here: nothing in the engine can be trusted after it.
addEventListener('unhandledrejection', (event) => stopped(event.reason));
addEventListener('error', (event) => {
  event.preventDefault();
  stopped(event.error);
});

const scheduler = new Scheduler(tell);
// Before anything is waited for: messages are not kept for those who listen late.
addEventListener('message', ({ data }) => scheduler.take(data));

try {
  await init();
  scheduler.open();
} catch (error) {
  tell({ kind: 'error', code: 'engine-missing', message: words(error) });
}
