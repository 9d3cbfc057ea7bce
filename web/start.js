// The first script: a page that cannot even begin says so, with the one thing to do.
// Until the page listens, a file that is dropped must not take its place.
for (const kind of ['dragover', 'drop']) addEventListener(kind, (event) => event.preventDefault());

import('./main.js').catch((error) => {
  console.warn(error);
  const notice = document.querySelector('#notice');
  const button = notice.querySelector('.primary');
  notice.querySelector('p').textContent = 'The page did not load whole. Check the connection, and use a browser of the last two years.';
  button.textContent = 'Reload the page';
  button.onclick = () => location.reload();
  notice.querySelector('.icon').hidden = true;
  notice.hidden = false;
});
