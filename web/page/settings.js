// What the page remembers between visits: a choice, and what came of trying this graphics adapter; nothing about anybody's photos.

const KEY = 'maskov';

/** @import { Verdict } from '../maskov-web.js' */
/** @typedef {{ detail?: 'fast' | 'fine', verdict?: Verdict & { browser: string } }} Settings */

/** @returns {Settings} */
export function readSettings() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') ?? {};
  } catch {
    // A private window may refuse, and what is no JSON is not ours.
    return {};
  }
}

/** What came of trying the adapter with this version of the browser: a newer one brings new drivers. */
export function readVerdict() {
  const { verdict } = readSettings();
  return verdict?.browser === navigator.userAgent ? verdict : undefined;
}

/** @param {Verdict} verdict */
export function keepVerdict(verdict) {
  keepSettings({ verdict: { ...verdict, browser: navigator.userAgent } });
}

/** @param {Settings} change */
export function keepSettings(change) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...readSettings(), ...change }));
  } catch {
    // The choice still holds for this visit.
  }
}
