// Why it is the CPU, and the one setting that may change that, in words.

/** @import { Device } from '../maskov-web.js' */

/** TypeScript's own types of the browser have no WebGPU yet. @type {Navigator & { gpu?: object }} */
const browser = navigator;

/** What the browser lacks altogether the engine cannot tell from what it merely refuses. @param {Device} device */
export function cpuReason({ reason, reasonCode }) {
  if (!isSecureContext) return 'This page came by http, and browsers offer WebGPU by https only.';
  if (!browser.gpu) return 'This browser offers no WebGPU.';
  if (!reason) return 'The address of this page asks for it.';
  if (reasonCode === 'adapter-wrong') return 'The graphics adapter computes wrongly in this browser: tried against the CPU, it gave other numbers. A newer driver or browser may mend that.';
  if (reasonCode === 'adapter-slow') return 'The graphics adapter was tried and is slower here than the CPU.';
  if (/software/.test(reason)) return 'The browser draws in software here, which is slower than the CPU itself.';
  if (/no adapters|not found|No suitable/i.test(reason)) return 'This browser has WebGPU, but found no graphics adapter for it.';
  const cause = reason.replace(/: computing on the CPU$/, '');
  if (reasonCode === 'adapter-too-small') return `The graphics adapter is too small for the model (${cause}). What fits instead: the same masks on the CPU.`;
  if (reasonCode === 'out-of-memory') return 'The graphics adapter has not enough memory for this photo, so the CPU took over with the same points.';
  return `The graphics adapter could not be used: ${cause}.`;
}

/** The one setting to change, for the browser at hand. @param {Device} device */
export function cpuSetting({ reason }) {
  if (!isSecureContext) return 'Open this page by https.';
  const agent = navigator.userAgent;
  if (/Firefox/.test(agent)) return 'In Firefox, set dom.webgpu.enabled to true in about:config and restart.';
  if (/Chrome/.test(agent) && /Linux/.test(agent)) return 'In Chrome on Linux, switch on Vulkan at chrome://flags and restart the browser.';
  if (/Chrome/.test(agent)) return 'In Chrome and Edge, switch on graphics acceleration in Settings, System, and restart the browser.';
  if (/Safari/.test(agent)) return 'In Safari, switch on WebGPU in Settings, Feature Flags.';
  return reason ? 'Switch on hardware acceleration in the browser’s settings and restart it.' : '';
}
