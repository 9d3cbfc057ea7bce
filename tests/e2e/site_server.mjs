// A static host as simple as they come: files below one folder, under one path, with byte ranges.
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/**
 * Serves `folder` under `prefix` ("/some/sub/path/") on a free port. Resolves to `{ url, close }`.
 *
 * `change(name, read)` may answer for a file: with the bytes to send in place of its own (`read()`), with a status, with
 * a function that is given the response to write it, or with a promise of one of these.
 */
export async function serveSite(folder, prefix, change = () => undefined) {
  const server = createServer(async (request, response) => {
    const file = fileOf(folder, prefix, request.url);
    const changed = file && (await change(file.name, () => readFileSync(file.path)));
    if (typeof changed === 'number') response.writeHead(changed).end();
    else if (typeof changed === 'function') changed(response);
    else if (changed) response.writeHead(200, headersOf(file, changed.length)).end(changed);
    else answer(file, request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${prefix}`,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

function headersOf(file, bytes) {
  return { 'content-type': TYPES[extname(file.path)] ?? 'application/octet-stream', 'content-length': bytes };
}

function answer(file, request, response) {
  if (!file) {
    response.writeHead(404).end();
    return;
  }
  const range = rangeOf(request.headers.range, file.bytes);
  if (range === null) {
    response.writeHead(416, { 'content-range': `bytes */${file.bytes}` }).end();
    return;
  }
  const { start, end } = range;
  const headers = { ...headersOf(file, end - start + 1), 'accept-ranges': 'bytes' };
  if (request.headers.range) headers['content-range'] = `bytes ${start}-${end}/${file.bytes}`;
  response.writeHead(request.headers.range ? 206 : 200, headers);
  if (request.method === 'HEAD' || file.bytes === 0) response.end();
  else createReadStream(file.path, { start, end }).pipe(response);
}

function fileOf(folder, prefix, url) {
  const { pathname } = new URL(url, 'http://host');
  if (!pathname.startsWith(prefix)) return undefined;
  const name = decodeURIComponent(pathname.slice(prefix.length)) || 'index.html';
  const path = normalize(join(folder, name));
  if (!path.startsWith(normalize(folder) + sep)) return undefined;
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? { name, path, bytes: stat.size } : undefined;
}

/** The one range of a Range header, both ends inclusive; `null` when it cannot be satisfied. */
export function rangeOf(header, bytes) {
  if (!header) return { start: 0, end: bytes - 1 };
  const match = /^bytes=(\d*)-(\d*)$/.exec(header);
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const start = match[1] === '' ? Math.max(0, bytes - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? bytes - 1 : Math.min(Number(match[2]), bytes - 1);
  return start <= end ? { start, end } : null;
}
