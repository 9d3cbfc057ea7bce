// Hands bytes over as a download.

/** @param {Uint8Array} png */
export function savePng(png, name) {
  const url = URL.createObjectURL(new Blob([png], { type: 'image/png' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Browsers read the address after this task; a minute is plenty and no leak.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** "holiday.beach.jpg" and "mask" make "holiday.beach-mask.png". */
export function savedName(photoName, what) {
  const stem = photoName.replace(/\.[^.]*$/, '') || 'photo';
  return `${stem}-${what}.png`;
}
