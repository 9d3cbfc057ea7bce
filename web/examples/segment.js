// Draws what the worker finds: the photo's pixels where the mask is.
const status = document.querySelector('#status');
const worker = new Worker(new URL('./segment_worker.js', import.meta.url), { type: 'module' });
worker.onmessage = ({ data }) => SHOW[data.kind](data);
worker.onerror = ({ message }) => SHOW.error({ code: 'engine-stopped', message });

const SHOW = {
  progress({ stage, done, total }) {
    status.textContent = total ? `${stage} ${Math.round((100 * done) / total)} %` : `${stage}…`;
  },
  async mask({ photo, image, area, runs, milliseconds, device }) {
    const canvas = document.querySelector('#cutout');
    Object.assign(canvas, { width: image.width, height: image.height });
    canvas.style.maxWidth = '100%';
    const context = canvas.getContext('2d');
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
