// Elements of the page, each as the kind that it is.

/**
 * The element that a selector finds. One that is missing or of another kind is an error at once, and not one that shows later.
 * @template {Element} T
 * @overload
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
/**
 * @overload
 * @param {string} selector
 * @returns {HTMLElement}
 */
/** @param {string} selector */
export function find(selector, kind = HTMLElement) {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`This page has no ${kind.name} ${selector}.`);
  return found;
}

/**
 * The nearest element that a selector finds, from where an event came outwards.
 * @param {EventTarget | null} target
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closest(target, selector) {
  return target instanceof Element ? target.closest(selector) : null;
}

/** What draws on a canvas. @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} [settings] */
export function contextOf(canvas, settings) {
  const context = canvas.getContext('2d', settings);
  if (!context) throw new Error('This browser does not draw on a canvas.');
  return context;
}
