// Where a pixel of the photo lies in the window, by the photo's own box: true at every zoom.

/** The middle of a pixel of the photo in the window, in CSS pixels. */
export function placeOf(page, [x, y]) {
  return page.$eval(
    '#photo',
    (photo, [x, y]) => {
      const { left, top, width, height } = photo.getBoundingClientRect();
      const [columns, rows] = photo.dataset.size.split(' ').map(Number);
      return { x: left + ((x + 0.5) / columns) * width, y: top + ((y + 0.5) / rows) * height };
    },
    [x, y],
  );
}
