// The first script: a page that cannot even begin says so, with the one thing to do.
// Until the page listens, a file that is dropped must not take its place.
for (const kind of ['dragover', 'drop']) addEventListener(kind, (event) => event.preventDefault());

import('./main.js').catch((error) => {
  console.warn(error);
  // Found by hand: what did not load may be the module that finds elements.
  const [notice, text, button, icon] = ['', ' p', ' .primary', ' .icon'].map(
    (inside) => /** @type {HTMLElement} */ (document.querySelector(`#notice${inside}`)),
  );
  text.textContent = 'The page did not load whole. Check the connection, and use a browser of the last two years.';
  button.textContent = 'Reload the page';
  button.onclick = () => location.reload();
  icon.hidden = true;
  notice.hidden = false;
});
