// How a photo gets in: the whole window is a drop zone, Ctrl+V pastes, and Open asks for a file. What is no file is said.

import { find } from './elements.js';

/** @import { Fault } from './errors.js' */

/**
 * @param {(files: File[]) => void} onFiles called with at least one file
 * @param {(refusal: Fault) => void} onRefusal
 */
export function listenForFiles(onFiles, onRefusal) {
  const drop = find('#drop');
  const chooser = find('#chooser', HTMLInputElement);
  /** @param {string} message */
  const refuse = (message) => onRefusal({ code: 'bad-image', message });

  chooser.addEventListener('change', () => {
    if (chooser.files?.length) onFiles([...chooser.files]);
    // So that choosing the same file again is a change.
    chooser.value = '';
  });
  addEventListener('dragover', (event) => {
    const { dataTransfer } = event;
    // What the page itself hands out is not what comes in.
    if (isOwn() || !dataTransfer) return;
    event.preventDefault();
    dataTransfer.dropEffect = 'copy';
    const count = [...dataTransfer.items].filter((item) => item.kind === 'file').length;
    find('#drop span').textContent = count > 1 ? `Open the first of ${count} files` : 'Open this photo';
    drop.hidden = false;
  });
  // Leaving the window is the only leave without somewhere to go to.
  addEventListener('dragleave', (event) => (drop.hidden ||= !event.relatedTarget));
  addEventListener('drop', (event) => {
    drop.hidden = true;
    if (isOwn() || !event.dataTransfer) return;
    event.preventDefault();
    const { files, items, types } = event.dataTransfer;
    const folder = [...items].map((item) => item.webkitGetAsEntry?.()).find((entry) => entry?.isDirectory);
    if (folder) refuse(`${folder.name} is a folder, and one photo is open at a time. Open the folder and drop a photo from it.`);
    else if (files.length) onFiles([...files]);
    else if (types.includes('text/uri-list')) refuse('That is a link, and nothing is fetched from elsewhere. Save the photo first, then drop the file.');
    else refuse('That is text. Drop a photo, or choose one.');
  });
  addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) onFiles(files);
    else refuse('There is no photo on the clipboard. Copy one, or choose a file.');
  });
}

let isHandingOut = false;
/** While a drag of the page's own result is on. @param {boolean} isOut */
export function handOut(isOut) {
  isHandingOut = isOut;
}
const isOwn = () => isHandingOut;

/** Asks for a file. */
export function chooseFile() {
  find('#chooser').click();
}
