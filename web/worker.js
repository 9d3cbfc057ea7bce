import init, { engine_version } from './maskov-web.js';

try {
  await init();
  postMessage({ version: engine_version() });
} catch (error) {
  postMessage({ error: `The engine did not start: ${error.message}. Reload the page.` });
}
