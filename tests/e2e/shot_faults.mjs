// Code that runs before that of the engine's worker and makes something go wrong in it, or stand still to be looked at.

/** After the first message that `isLast` is true for, the page hears no more. The engine stands still there. */
export const standingStill = (isLast) => `
  const isLast = ${isLast};
  const post = postMessage.bind(self);
  let isStill = false;
  self.postMessage = (message, ...rest) => {
    if (isStill) return;
    post(message, ...rest);
    isStill = isLast(message);
  };
`;

/** The engine stands still once this share of a stage is done. */
export const sharePassed = (stage, share) =>
  standingStill(`({ kind, stage, done, total }) => kind === 'work' && stage === '${stage}' && total > 0 && done >= ${share} * total`);

/** An adapter that is no software renderer and has too little of everything. */
export const SMALL_ADAPTER = `
  const get = (prototype, name, value) => Object.defineProperty(prototype, name, { get: () => value });
  get(GPUAdapterInfo.prototype, 'description', 'Graphics of 2009');
  get(GPUAdapterInfo.prototype, 'isFallbackAdapter', false);
  get(GPUSupportedLimits.prototype, 'maxStorageBufferBindingSize', 16 << 20);
`;
/** Keeps the device, so that it can be taken away. */
export const KEPT_DEVICE = `
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...wanted) {
    return (self.device = await requestDevice.apply(this, wanted));
  };
`;
/** This browser keeps nothing more. */
export const FULL_STORAGE = `
  Cache.prototype.put = () => Promise.reject(new DOMException('The quota has been exceeded.', 'QuotaExceededError'));
`;
/** The model is not asked for before `self.goOn()`. */
export const WAITING_MODEL = `
  const get = fetch.bind(self);
  const gate = new Promise((resolve) => (self.goOn = resolve));
  self.fetch = async (asked, ...options) => {
    if (/pack\\.json/.test(asked.url ?? asked)) await gate;
    return get(asked, ...options);
  };
`;
