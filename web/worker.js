// The engine's worker: the page's thread never computes.
import init, { Session } from './maskov-web.js';

const tell = (event) => postMessage(event, transferable(event));
const stopped = (error) => tell({ kind: 'error', code: 'engine-stopped', message: String(error?.message ?? error) });
// A panic in the engine ends up here: nothing in the engine can be trusted after it.
addEventListener('unhandledrejection', (event) => stopped(event.reason));
addEventListener('error', (event) => {
  event.preventDefault();
  stopped(event.error);
});

// Requests that come while the engine loads wait here; `onmessage` set late would lose them.
const waiting = [];
let session;
addEventListener('message', ({ data }) => (session ? session.take(data) : waiting.push(data)));

try {
  await init();
  session = new Session(tell);
  waiting.forEach((request) => session.take(request));
} catch (error) {
  tell({ kind: 'error', code: 'engine-missing', message: String(error?.message ?? error) });
}

/** Large arrays move to the page, nobody copies them. */
function transferable(event) {
  return Object.values(event).filter(ArrayBuffer.isView).map((array) => array.buffer);
}
