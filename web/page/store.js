// The one place where the page's state lives. Whoever changes it calls `set`; whoever shows it is called once a frame.

/**
 * @typedef {import('./engine.js').Device} Device
 * @typedef {{ x: number, y: number, foreground: boolean }} Point in photo pixels, whole
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
 * @property {{ photo: number, revision: number, path: string, area: number, points: number } | null} mask
 * @property {{ path: string, serial: number } | null} preview
 * @property {{ index: number, x: number, y: number } | null} drag the point that is being moved, and to where
 * @property {{ x: number, y: number } | null} cursor where the keyboard points, in photo pixels
 * @property {boolean} hidesAll whether the photo is shown alone
 * @property {boolean} tapRemoves
 * @property {'none' | 'export' | 'cpu' | 'how' | 'privacy'} panel
 * @property {{ device: Device, resolution: number, ownResolution: number, isStored: boolean } | null} engine
 * @property {'fast' | 'fine'} detail
 * @property {{ sentence: string, label?: string, run?: () => void, isError: boolean, stays: boolean } | null} notice
 * @property {string} done what was done last, and how long it took
 * @property {boolean} hasClicked whether the first hint has done its work
 * @property {boolean} isOnline
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
