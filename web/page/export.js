// The result leaves the page: as a file, on the clipboard, or dragged out. Made once for each state of the mask.
import { find } from './elements.js';
import { handOut } from './intake.js';

/** @import { Extent } from './camera.js' */
/** @import { EventOf, What } from './engine.js' */

export class Exports {
  /** @type {(serial: number, what: What) => void} */
  #send;
  #serial = 0;
  /** @type {Map<number, { resolve: (png: Blob) => void, reject: (error: object) => void }>} */
  #waiting = new Map();
  /** @type {Map<What, Promise<Blob>>} */
  #made = new Map();
  #cutout = find('#cutout', HTMLImageElement);

  /** @param {(serial: number, what: What) => void} send */
  constructor(send) {
    this.#send = send;
    this.#cutout.addEventListener('dragstart', (event) => {
      handOut(true);
      if (!event.dataTransfer) return;
      // Chromium's way to name a file that is dragged to the desktop.
      event.dataTransfer.setData('DownloadURL', `image/png:${this.#cutout.dataset.name}:${this.#cutout.src}`);
      event.dataTransfer.effectAllowed = 'copy';
    });
    this.#cutout.addEventListener('dragend', () => handOut(false));
  }

  /** The mask changed: what was made of the former one is of no use. */
  forget() {
    this.#made.clear();
  }

  /** @param {What} what @returns {Promise<Blob>} a PNG */
  png(what) {
    const made = this.#made.get(what);
    if (made) return made;
    const serial = ++this.#serial;
    /** @type {Promise<Blob>} */
    const coming = new Promise((resolve, reject) => this.#waiting.set(serial, { resolve, reject }));
    // An error is for whoever asked; asking again tries again.
    coming.catch(() => this.#made.delete(what));
    this.#made.set(what, coming);
    this.#send(serial, what);
    return coming;
  }

  /** @param {EventOf<'exported'>} event */
  arrived({ serial, png }) {
    this.#waiting.get(serial)?.resolve(new Blob([png], { type: 'image/png' }));
    this.#waiting.delete(serial);
  }

  /** The engine has an error: nothing that was asked for will come. @param {object} error */
  fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /**
   * Shows the cut-out in the menu, from where it can be dragged out of the page.
   * @param {string} name
   * @param {Extent} photo
   * @param {() => { x: number, y: number, width: number, height: number }} objectBox the part of the photo to show
   */
  async show(name, photo, objectBox) {
    const png = await this.png('cutout');
    URL.revokeObjectURL(this.#cutout.src);
    Object.assign(this.#cutout, { src: URL.createObjectURL(png), hidden: false });
    this.#cutout.dataset.name = name;
    // The frame has the object's shape; the whole photo lies around it. (`object-view-box` is Chromium's alone.)
    const { x, y, width, height } = objectBox();
    this.#cutout.parentElement?.style.setProperty('--ratio', String(width / height));
    /** @param {number} length @param {number} whole */
    const percent = (length, whole) => `${(100 * length) / whole}%`;
    Object.assign(this.#cutout.style, { width: percent(photo.width, width), left: percent(-x, width), top: percent(-y, height) });
  }

  /** Puts the cut-out on the clipboard. The promise goes in: browsers want the call right after the key. */
  copy() {
    return navigator.clipboard.write([new ClipboardItem({ 'image/png': this.png('cutout') })]);
  }
}

/** Hands a file over as a download. @param {Blob} file @param {string} name */
export function download(file, name) {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Browsers read the address after this task; a minute is plenty and no leak.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** "holiday.beach.jpg" and "mask" make "holiday.beach-mask.png". @param {string} photoName @param {What} what */
export function exportName(photoName, what) {
  const stem = photoName.replace(/\.[^.]*$/, '') || 'photo';
  return `${stem}-${what}.png`;
}
