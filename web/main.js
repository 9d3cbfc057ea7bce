const status = document.querySelector('#status');
const worker = new Worker('./worker.js', { type: 'module' });

worker.onmessage = ({ data }) => {
  status.dataset.state = data.error ? 'error' : 'ready';
  status.textContent = data.error ?? `Engine ${data.version} is loaded.`;
};
worker.onerror = (event) => {
  status.dataset.state = 'error';
  status.textContent = `The engine did not start: ${event.message ?? 'worker.js could not be loaded'}. Reload the page.`;
};
