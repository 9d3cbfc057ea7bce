// The photos of this visit: their files, and what the browser shows of them. Undo may come back to any of them.

/** Above this a file is a film or an archive, and reading it whole would take all memory. */
const MAX_FILE_BYTES = 500e6;

/**
 * A photo: its file, what is shown of it (`picture`), and that decoded while it is seen (`image`).
 * @typedef {{ id: number, name: string, file: Blob, picture: Blob, image: HTMLImageElement | null, shown: [number, number] | null }} OpenPhoto
 */

export class Photos {
  /** @type {Map<number, OpenPhoto>} */
  #all = new Map();
  #count = 0;
  /** Number of the photo to be seen. */
  #wanted = 0;
  #world = document.querySelector('#world');

  /**
   * A photo to be opened, with the size at which the browser itself can show it, if it can.
   * @returns {Promise<OpenPhoto>}
   */
  async add(file, name) {
    if (file.size > MAX_FILE_BYTES) {
      const message = `${name} has ${Math.round(file.size / 1e6)} MB, more than a photo has. Open a JPEG or PNG file.`;
      throw Object.assign(new Error(message), { code: 'bad-image' });
    }
    const id = ++this.#count;
    const image = await decoded(file);
    const shown = image.naturalWidth ? [image.naturalWidth, image.naturalHeight] : null;
    const photo = { id, name, file, picture: file, image, shown };
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

  /** For a photo that could not be opened. */
  drop(id) {
    release(this.#all.get(id));
    this.#all.delete(id);
  }

  /** What is to be shown in place of the file, which the browser shows otherwise or not at all. */
  async replacePicture(id, png) {
    const photo = this.#all.get(id);
    release(photo);
    photo.picture = new Blob([png], { type: 'image/png' });
    photo.image = await decoded(photo.picture);
  }

  /**
   * Shows a photo at its size in pixels. A newly opened one is decoded already: no frame is without a picture. The one that
   * was shown keeps its file alone, for undo: decoded it takes megabytes.
   */
  async show({ id, width, height }) {
    const photo = this.#all.get(id);
    this.#wanted = id;
    photo.image ??= await decoded(photo.picture);
    if (this.#wanted !== id) {
      release(photo);
      return;
    }
    for (const other of this.#all.values()) if (other.id !== id && other.image?.isConnected) release(other);
    const { image } = photo;
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

/** An image of a file, decoded beside the page's thread; without a size where the browser cannot read it. */
async function decoded(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  await image.decode().catch(() => {});
  return image;
}

function release(photo) {
  if (!photo?.image) return;
  URL.revokeObjectURL(photo.image.src);
  photo.image = null;
}
