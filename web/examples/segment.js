// Draws what the worker finds: the photo's pixels where the mask is.
const status = /** @type {HTMLElement} */ (document.querySelector('#status'));
const worker = new Worker(new URL('./segment_worker.js', import.meta.url), { type: 'module' });
worker.addEventListener('message', ({ data }) => SHOW[data.kind](data));
worker.addEventListener('error', ({ message }) => SHOW.error({ code: 'engine-stopped', message }));

/** Each as segment_worker.js posts it. @type {Record<string, (message: any) => void>} */
const SHOW = {
  progress({ stage, done, total }) {
    status.textContent = total ? `${stage} ${Math.round((100 * done) / total)} %` : `${stage}…`;
  },
  async mask({ photo, image, area, runs, milliseconds, device }) {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('#cutout'));
    Object.assign(canvas, { width: image.width, height: image.height });
    canvas.style.maxWidth = '100%';
    const context = canvas.getContext('2d');
    if (!context) return;
    context.putImageData(image, 0, 0);
    context.globalCompositeOperation = 'source-in';
    context.drawImage(await createImageBitmap(photo), 0, 0);
    status.textContent = `${(100 * area).toFixed(1)} % of the photo, in ${Math.round(milliseconds)} ms on ${device}`;
    Object.assign(document.body.dataset, { area, runs });
  },
  error({ code, message }) {
    status.textContent = `It did not work (${code}): ${message}`;
    document.body.dataset.error = code;
  },
};
