// The one place where the page's state lives. Whoever changes it calls `set`; whoever shows it is called once a frame.

/** @import { SizeStop } from '../maskov-web.js' */
/** @import { Snapshot } from '../maskov-page.js' */
/** @import { Camera, Extent, Pixel, Place } from './camera.js' */
/** @import { Told, Work } from './engine.js' */

/**
 * @typedef {import('../maskov-page.js').Point} Point
 * @typedef {import('../maskov-page.js').PhotoRef} PhotoRef
 *
 * @typedef {object} State
 * @property {Snapshot} document what the user made
 * @property {Camera} camera where the photo lies in the viewport
 * @property {Extent} viewport
 * @property {number} density device pixels to a CSS pixel
 * @property {Work | null} work what the engine does
 * @property {number} encoded the photo that the engine is ready for, 0 for none
 * @property {{ photo: number, revision: number, path: string, area: number, points: number, taken: Record<string, number> } | null} mask
 *   `taken`: by "x,y", the share of the photo that the point there takes
 * @property {{ revision: number, path: string } | null} kept the mask as previews draw it, which are coarser
 * @property {Preview | null} preview
 * @property {{ index: number, x: number, y: number } | null} drag the point that is being moved, and to where
 * @property {Pixel | null} cursor where the keyboard points
 * @property {Pixel & { foreground: boolean, choice: Choice | null } | null} aim what the preview is about
 * @property {number} chosen the point whose ring is seen, -1 for none
 * @property {boolean} isRingHot whether the pointer is on that ring, or the keyboard's focus
 * @property {number} angle where the ring's grip was left, in radians
 * @property {Pull | null} pull the size that is being pulled
 * @property {{ key: string, list: SizeStop[] } | null} stops of a size, and the question that they answer
 * @property {{ revision: number, index: number, word: string }} resized the edit that changed a size, of which point, and how
 * @property {{ text: string }} told something to be said that no mask tells
 * @property {boolean} hidesAll whether the photo is shown alone
 * @property {boolean} tapRemoves
 * @property {'none' | 'export' | 'cpu' | 'how' | 'privacy'} panel
 * @property {Told | null} engine
 * @property {'fast' | 'fine'} detail
 * @property {Notice | null} notice
 * @property {string} done what was done last, and how long it took
 * @property {boolean} hasClicked whether the first hint has done its work
 * @property {boolean} isOnline
 *
 * @typedef {object} Preview
 * @property {string} path
 * @property {number} serial
 * @property {number} area
 * @property {boolean} isLive of a pull, shown as the mask will be
 * @property {Point} of the last of its points
 * @property {number[]} taken the shares of the photo that its points take
 * @property {number} holds the revision whose mask it stands in for
 *
 * @typedef {{ at: Pixel, size: number | null, taken: number }} Choice of a size before the click, and where that was
 * @typedef {{ sentence: string, label?: string, run?: () => void, isError: boolean, stays: boolean }} Notice
 *
 * @typedef {object} Pull
 * @property {number} index of its point; that behind the last for a new one
 * @property {number} x
 * @property {number} y
 * @property {boolean} foreground
 * @property {number | null} size null for the automatic one
 * @property {number | null} taken the share of the photo that the ring shows, as far as it is known
 * @property {number | null} from what the point took before, or what the automatic size of a new one takes
 * @property {number} angle of the pointer around the point
 * @property {number} revision of the document that it changes
 * @property {'hand' | 'wheel'} by
 * @property {Place} [place] where the wheel's pull began
 * @property {boolean} isTouch
 * @property {boolean} [isAim] whether it is about the point that is not placed yet, and places none
 * @property {boolean} isOn whether there is a size in it already: a press is none
 */

export class Store {
  /** @type {State} */
  #state;
  /** @type {((state: State, before: State | null) => void)[]} */
  #listeners = [];
  #frame = 0;
  /** @type {State} */
  #shown;

  /** @param {State} state */
  constructor(state) {
    this.#state = state;
    this.#shown = state;
  }

  get state() {
    return this.#state;
  }

  /** @param {Partial<State>} change */
  set(change) {
    this.#state = { ...this.#state, ...change };
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  /** @param {(state: State, before: State | null) => void} render called at most once a frame; at first with no `before` */
  onFrame(render) {
    this.#listeners.push(render);
    render(this.#state, null);
  }

  #show() {
    this.#frame = 0;
    const [state, before] = [this.#state, this.#shown];
    this.#shown = state;
    for (const render of this.#listeners) render(state, before);
  }
}

/**
 * Whether any of these differ; everything does at first.
 * @param {State} state
 * @param {State | null} before
 * @param {(keyof State)[]} names
 */
export const changed = (state, before, ...names) => !before || names.some((name) => state[name] !== before[name]);

/**
 * The state of the page in a word, as CSS and tests see it.
 * @param {State} state
 */
export function phaseOf({ document, work, encoded, mask, preview, panel }) {
  if (panel === 'export') return 'exporting';
  if (work && ['starting', 'loading', 'decoding', 'encoding'].includes(work.stage)) return work.stage;
  if (!document.photo) return 'empty';
  if (document.points.length || mask) return 'editing';
  if (preview) return 'preview';
  return encoded === document.photo.id ? 'ready' : 'encoding';
}
