// Elements of SVG.
const SVG = 'http://www.w3.org/2000/svg';

/** @param {string} name @param {Record<string, string | number>} attributes @param {Element[]} children */
export function element(name, attributes = {}, ...children) {
  const made = set(document.createElementNS(SVG, name), attributes);
  made.append(...children);
  return made;
}

/** @template {Element} T @param {T} node @param {Record<string, string | number>} attributes @returns the node */
export function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}
