// The photo, what lies over it, and where a pointer is in it. Zoom and density are a transform: the mask comes as
// outlines in photo pixels and is drawn anew at device pixels, so its edge is sharp at every size.

const MARGIN = 24;
const CONTOUR_DEVICE_PX = 1.5;

/** @typedef {{ x: number, y: number, foreground: boolean }} Point in photo pixels, whole */

export class View {
  #stage = document.querySelector('#stage');
  #photoCanvas = document.querySelector('#photo');
  #overlayCanvas = document.querySelector('#overlay');
  #pointList = document.querySelector('#points');
  /** @type {CanvasImageSource | null} */
  #picture = null;
  #size = { width: 0, height: 0 };
  /** @type {Path2D | null} */
  #outline = null;
  /** @type {Point[]} */
  #points = [];
  #density = 1;
  #lastPointer = { x: -1, y: -1 };
  #frame = 0;
  #isPhotoStale = true;

  /** @param {(x: number, y: number, remove: boolean) => void} onPoint called with whole photo pixels */
  constructor(onPoint) {
    const place = (event, remove) => {
      const { x, y } = this.#preciseAt(event);
      const at = this.pixelAt(x, y);
      if (at) onPoint(at.x, at.y, remove);
      return at;
    };
    for (const kind of ['pointerdown', 'pointerup']) {
      this.#stage.addEventListener(kind, (event) => (this.#lastPointer = { x: event.clientX, y: event.clientY }));
    }
    this.#stage.addEventListener('click', (event) => place(event, event.shiftKey || event.altKey));
    this.#stage.addEventListener('contextmenu', (event) => place(event, true) && event.preventDefault());
    this.#stage.addEventListener('pointermove', (event) => {
      this.#stage.dataset.over = this.pixelAt(event.clientX, event.clientY) ? 'photo' : '';
    });
    new ResizeObserver(() => this.#redrawAll()).observe(this.#stage);
    matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => this.#redrawAll());
    this.#followDensity();
  }

  /** Shows a photo of this size, without points or a mask. */
  showPhoto(picture, width, height) {
    this.#picture = picture;
    this.#size = { width, height };
    this.#outline = null;
    this.#points = [];
    this.#photoCanvas.dataset.size = `${width} ${height}`;
    this.#overlayCanvas.dataset.points = '0';
    this.#redrawAll();
  }

  /** @param {Point[]} points */
  showPoints(points) {
    this.#points = points;
    this.#schedule();
  }

  /**
   * Shows a mask, or none. The former one stays until this is called.
   * @param {{ vertices: Float32Array, rings: Uint32Array } | null} outline vertices as x, y in photo pixels; the
   * number of vertices of each closed ring
   * @param {number} points how many points it was made of
   */
  showMask(outline, points) {
    this.#outline = outline && pathOf(outline);
    this.#overlayCanvas.dataset.points = String(points);
    this.#schedule();
  }

  /** Clicks come in whole CSS pixels, which may be several of the photo's: the pointer that made them knows better. */
  #preciseAt(event) {
    const { x, y } = this.#lastPointer;
    const isSame = Math.abs(x - event.clientX) <= 1 && Math.abs(y - event.clientY) <= 1;
    return isSame ? this.#lastPointer : { x: event.clientX, y: event.clientY };
  }

  /** The photo's pixel below a place in the window, or null beside the photo. */
  pixelAt(clientX, clientY) {
    const { left, top } = this.#stage.getBoundingClientRect();
    const { scale, x, y } = this.#fit();
    const column = Math.floor((clientX - left - x) / scale);
    const row = Math.floor((clientY - top - y) / scale);
    const isInside = column >= 0 && row >= 0 && column < this.#size.width && row < this.#size.height;
    return isInside ? { x: column, y: row } : null;
  }

  /** Where the photo lies in the stage, in CSS pixels. */
  #fit() {
    const { clientWidth, clientHeight } = this.#stage;
    const { width, height } = this.#size;
    if (!width) return { scale: 1, x: 0, y: 0 };
    const margin = clientWidth > 640 ? MARGIN : 0;
    const scale = Math.min((clientWidth - 2 * margin) / width, (clientHeight - 2 * margin) / height);
    return { scale, x: (clientWidth - width * scale) / 2, y: (clientHeight - height * scale) / 2 };
  }

  /** A window that moves to another screen, and browser zoom, change the density without a resize of the stage. */
  #followDensity() {
    this.#density = devicePixelRatio;
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', () => this.#followDensity(), {
      once: true,
    });
    this.#redrawAll();
  }

  #redrawAll() {
    this.#isPhotoStale = true;
    this.#schedule();
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.#size.width) return;
      if (this.#isPhotoStale) this.#drawPhoto();
      this.#drawOverlay();
      this.#placePoints();
    });
  }

  /** The canvas at device pixels, cleared, with photo pixels as its unit. */
  #prepare(canvas) {
    canvas.width = Math.round(this.#stage.clientWidth * this.#density);
    canvas.height = Math.round(this.#stage.clientHeight * this.#density);
    const context = canvas.getContext('2d');
    const { scale, x, y } = this.#fit();
    const unit = scale * this.#density;
    context.setTransform(unit, 0, 0, unit, x * this.#density, y * this.#density);
    return { context, unit };
  }

  #drawPhoto() {
    this.#isPhotoStale = false;
    const { context } = this.#prepare(this.#photoCanvas);
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#picture, 0, 0, this.#size.width, this.#size.height);
  }

  #drawOverlay() {
    const { context, unit } = this.#prepare(this.#overlayCanvas);
    if (!this.#outline) return;
    const style = getComputedStyle(document.documentElement);
    const { width, height } = this.#size;
    const outside = new Path2D();
    outside.rect(0, 0, width, height);
    outside.addPath(this.#outline);
    context.fillStyle = style.getPropertyValue('--veil');
    context.fill(outside, 'evenodd');
    // The hairline lies outside the object: what is inside stays as it is up to the contour.
    context.lineJoin = 'round';
    context.save();
    context.clip(outside, 'evenodd');
    context.lineWidth = (CONTOUR_DEVICE_PX + 2) / unit;
    context.strokeStyle = style.getPropertyValue('--hairline');
    context.stroke(this.#outline);
    context.restore();
    context.lineWidth = CONTOUR_DEVICE_PX / unit;
    context.strokeStyle = style.getPropertyValue('--accent');
    context.stroke(this.#outline);
  }

  #placePoints() {
    const { scale, x, y } = this.#fit();
    const items = this.#points.map((point) => {
      const item = document.createElement('li');
      item.className = point.foreground ? 'add' : 'remove';
      item.ariaLabel = `${point.foreground ? 'Add' : 'Remove'} at ${point.x}, ${point.y}`;
      item.dataset.x = String(point.x);
      item.dataset.y = String(point.y);
      item.style.left = `${x + (point.x + 0.5) * scale}px`;
      item.style.top = `${y + (point.y + 0.5) * scale}px`;
      return item;
    });
    this.#pointList.replaceChildren(...items);
  }
}

function pathOf({ vertices, rings }) {
  const path = new Path2D();
  let at = 0;
  for (const count of rings) {
    path.moveTo(vertices[2 * at], vertices[2 * at + 1]);
    for (let i = at + 1; i < at + count; i++) path.lineTo(vertices[2 * i], vertices[2 * i + 1]);
    path.closePath();
    at += count;
  }
  return path;
}
