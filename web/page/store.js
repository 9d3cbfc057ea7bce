// The one place where the page's state lives. Whoever changes it calls `set`; whoever shows it is called once a frame.

/**
 * @typedef {import('./engine.js').Device} Device
 * @typedef {{ x: number, y: number, foreground: boolean, size: number | null }} Point in photo pixels, whole; the share of the
 *   photo that it takes, null for the engine's own choice
 * @typedef {{ id: number, name: string, width: number, height: number }} PhotoRef
 *
 * @typedef {object} State
 * @property {{ photo: PhotoRef | null, points: Point[], canUndo: boolean, canRedo: boolean, revision: number }} document
 *   what the user made, as crates/document has it
 * @property {{ scale: number, x: number, y: number, isFitted: boolean }} camera where the photo lies in the stage, in CSS pixels
 * @property {{ width: number, height: number }} stage in CSS pixels
 * @property {number} density device pixels to a CSS pixel
 * @property {{ stage: string, done: number, total: number, stored?: boolean } | null} work what the engine does
 * @property {number} encoded the photo that the engine is ready for, 0 for none
 * @property {{ photo: number, revision: number, path: string, area: number, points: number, taken: Record<string, number> } | null} mask
 *   `taken`: by "x,y", the share of the photo that the point there takes
 * @property {{ revision: number, path: string } | null} kept the mask as previews draw it, which are coarser
 * @property {{ path: string, serial: number, area: number, isLive: boolean, of: Point, taken: number[], holds: number } | null} preview
 *   `isLive`: of a pull, shown as the mask will be; `of`: the last of its points; `holds`: the revision whose mask it stands in for
 * @property {{ index: number, x: number, y: number } | null} drag the point that is being moved, and to where
 * @property {{ x: number, y: number } | null} cursor where the keyboard points, in photo pixels
 * @property {{ x: number, y: number, foreground: boolean, choice: { at: { x: number, y: number }, size: number | null, taken: number } | null } | null} aim
 *   what the preview is about, with a size where one was chosen before the click, and where that was
 * @property {number} chosen the point whose ring is seen, -1 for none
 * @property {boolean} isRingHot whether the pointer is on that ring, or the keyboard's focus
 * @property {number} angle where the ring's grip was left, in radians
 * @property {Pull | null} pull the size that is being pulled
 * @property {{ key: string, list: import('./size.js').SizeStop[] } | null} stops of a size, and the question that they answer
 * @property {{ revision: number, index: number, word: string }} resized the edit that changed a size, of which point, and how
 * @property {{ text: string }} told something to be said that no mask tells
 * @property {boolean} hidesAll whether the photo is shown alone
 * @property {boolean} tapRemoves
 * @property {'none' | 'export' | 'cpu' | 'how' | 'privacy'} panel
 * @property {{ device: Device, resolution: number, ownResolution: number, isStored: boolean } | null} engine
 * @property {'fast' | 'fine'} detail
 * @property {{ sentence: string, label?: string, run?: () => void, isError: boolean, stays: boolean } | null} notice
 * @property {string} done what was done last, and how long it took
 * @property {boolean} hasClicked whether the first hint has done its work
 * @property {boolean} isOnline
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
 * @property {{ x: number, y: number }} [place] where the wheel's pull began, in the stage
 * @property {boolean} isTouch
 * @property {boolean} [isAim] whether it is about the point that is not placed yet, and places none
 * @property {boolean} isOn whether there is a size in it already: a press is none
 */

export class Store {
  /** @type {State} */
  #state;
  #listeners = [];
  #frame = 0;
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

/** Whether any of these differ; everything does at first. */
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
