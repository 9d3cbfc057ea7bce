// How a photo gets in: the whole window is a drop zone, and Open asks for a file.

/** @param {(files: File[]) => void} onFiles called with at least one file */
export function listenForFiles(onFiles) {
  const drop = document.querySelector('#drop');
  const chooser = document.querySelector('#chooser');
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');

  chooser.addEventListener('change', () => {
    if (chooser.files.length) onFiles([...chooser.files]);
    // So that choosing the same file again is a change.
    chooser.value = '';
  });
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    const count = [...event.dataTransfer.items].filter((item) => item.kind === 'file').length;
    drop.textContent = count > 1 ? `Open the first of ${count} files` : 'Open this photo';
    drop.hidden = false;
  });
  // Leaving the window is the only leave without somewhere to go to.
  addEventListener('dragleave', (event) => (drop.hidden ||= !event.relatedTarget));
  addEventListener('drop', (event) => {
    drop.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) onFiles([...event.dataTransfer.files]);
  });
}

/** Asks for a file. */
export function chooseFile() {
  document.querySelector('#chooser').click();
}
