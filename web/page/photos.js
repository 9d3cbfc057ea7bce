// The photos of this visit: their files, and the picture of the one that is seen. Undo may come back to any of them.
//
// One decoder is the truth: what is seen is what the engine decoded, for that is what it cuts. A browser may read the same
// file otherwise: turned or not, in other colours, with other transparency, or moving.

import { find } from './elements.js';

/** @import { PhotoRef } from '../maskov-page.js' */

/** Above this a file is a film or an archive, and reading it whole would take all memory. */
const MAX_FILE_BYTES = 500e6;

/**
 * A photo: its file, and its picture while it is seen.
 * @typedef {{ id: number, name: string, file: Blob, image: HTMLImageElement | null }} OpenPhoto
 */

export class Photos {
  /** @type {Map<number, OpenPhoto>} */
  #all = new Map();
  #count = 0;
  #world = find('#world');

  /** A photo to be opened. @param {Blob} file @param {string} name @returns {OpenPhoto} */
  add(file, name) {
    if (file.size > MAX_FILE_BYTES) {
      const message = `${name} has ${Math.round(file.size / 1e6)} MB, more than a photo has. Open a JPEG or PNG file.`;
      throw Object.assign(new Error(message), { code: 'bad-image' });
    }
    const id = ++this.#count;
    const photo = { id, name, file, image: null };
    this.#all.set(id, photo);
    return photo;
  }

  /** @param {number} id */
  get(id) {
    return this.#all.get(id);
  }

  /** The number given last. */
  get newest() {
    return this.#count;
  }

  /** For a photo that could not be opened. @param {number} id */
  drop(id) {
    release(this.#all.get(id));
    this.#all.delete(id);
  }

  /**
   * Gives a photo its picture, decoded: no frame is without one.
   * @param {number} id
   * @param {Blob} file that of the photo itself only where every browser is known to read it as the engine does
   */
  async picture(id, file) {
    const image = new Image();
    image.src = URL.createObjectURL(file);
    await image.decode().catch(() => {});
    const photo = this.#all.get(id);
    // Given up meanwhile.
    if (!photo) {
      URL.revokeObjectURL(image.src);
      return;
    }
    if (photo.image) {
      // The same element goes on, and shows what it did until it can show this.
      URL.revokeObjectURL(photo.image.src);
      photo.image.src = image.src;
    } else photo.image = image;
  }

  /**
   * Shows a photo at its size in pixels; nothing, until it has a picture. The others keep their files alone, for undo: a
   * picture takes megabytes.
   * @param {PhotoRef} photo
   */
  show({ id, width, height }) {
    for (const other of this.#all.values()) if (other.id !== id) release(other);
    const image = this.#all.get(id)?.image;
    if (!image) {
      this.#world.replaceChildren();
      return;
    }
    Object.assign(image, { id: 'photo', alt: '', draggable: false });
    Object.assign(image.style, { width: `${width}px`, height: `${height}px` });
    Object.assign(image.dataset, { size: `${width} ${height}`, photo: id });
    this.#world.replaceChildren(image);
  }

  /** The picture that is seen. @returns {HTMLImageElement | null} */
  get shown() {
    return this.#world.querySelector('#photo');
  }
}

/** @param {OpenPhoto | undefined} photo */
function release(photo) {
  if (!photo?.image) return;
  URL.revokeObjectURL(photo.image.src);
  photo.image = null;
}
