// The lines that say how things are: the device, what the engine does, how long the last thing took, and one notice.

const find = (selector) => document.querySelector(selector);
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** The device that the engine runs on. @param {import('./engine.js').Device} device */
export function showDevice(device) {
  const isCpu = device.kind === 'cpu';
  find('#cpu').hidden = !isCpu;
  find('#device').textContent = isCpu ? '' : `Runs on your ${device.name}.`;
  find('#cpu-reason').textContent = cpuReason(device);
  if (!isCpu) find('#cpu-note').hidden = true;
}

/** Why it is the CPU. What the browser lacks altogether the engine cannot tell from what it merely refuses. */
function cpuReason({ reason }) {
  if (!isSecureContext) return 'This page came by http, and browsers offer WebGPU by https only.';
  if (!navigator.gpu) return 'This browser offers no WebGPU.';
  if (!reason) return 'This page was asked to.';
  if (/software/.test(reason)) return 'The browser draws in software here, which is slower than the CPU itself.';
  if (/no adapters/.test(reason)) return 'This browser has WebGPU, but found no graphics adapter for it.';
  return `The graphics adapter could not be used: ${reason.replace(/: computing on the CPU$/, '')}.`;
}

/** What the engine does. @param {'loading' | 'encoding' | 'segmenting' | 'saving' | 'starting'} stage */
export function showWork(stage, done = 0, total = 0) {
  const texts = {
    starting: 'Starting the engine…',
    loading: done && done === total ? 'Preparing the model…' : total ? `Loading the model · ${megabytes(done)} of ${megabytes(total)} MB` : 'Loading the model…',
    encoding: total ? `Reading the photo · layer ${done} of ${total}` : 'Reading the photo…',
    segmenting: 'Finding the mask…',
    saving: 'Writing the file…',
  };
  setStatus('busy', texts[stage]);
  const line = find('#progress');
  line.hidden = !total;
  line.style.transform = `scaleX(${total ? done / total : 0})`;
}

/** The engine has nothing to do. @param {string} text what was done last, and how long it took */
export function showRest(text) {
  setStatus('ready', text);
  find('#progress').hidden = true;
}

/** "0.42 s": what somebody waits for; less than a hundredth reads as that. */
export function seconds(milliseconds) {
  return `${Math.max(milliseconds / 1000, 0.01).toFixed(milliseconds < 9995 ? 2 : 1)} s`;
}

function setStatus(state, text) {
  const status = find('#status');
  status.dataset.state = state;
  status.textContent = text;
}

/**
 * One sentence, and the one button that does the next step, where there is one.
 * @param {string} sentence
 * @param {{ label: string, run: () => void }} [next]
 */
export function showNotice(sentence, next) {
  const notice = find('#notice');
  const button = notice.querySelector('button');
  notice.querySelector('p').textContent = sentence;
  button.hidden = !next;
  button.textContent = next?.label ?? '';
  button.onclick = () => {
    hideNotice();
    next.run();
  };
  notice.hidden = false;
}

export function hideNotice() {
  find('#notice').hidden = true;
}

/** An error stands in the notice; the status line only stops claiming that work goes on. */
export function showStopped() {
  setStatus('error', '');
  find('#progress').hidden = true;
}
