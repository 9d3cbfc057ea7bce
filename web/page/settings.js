// What the page remembers between visits: two choices of this browser, nothing about anybody's photos.

const KEY = 'maskov';

/** @typedef {{ detail?: 'fast' | 'fine', softwareIsFaster?: boolean }} Settings */

/** @returns {Settings} */
export function readSettings() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') ?? {};
  } catch {
    // A private window may refuse, and what is no JSON is not ours.
    return {};
  }
}

/** @param {Settings} change */
export function keepSettings(change) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...readSettings(), ...change }));
  } catch {
    // The choice still holds for this visit.
  }
}
