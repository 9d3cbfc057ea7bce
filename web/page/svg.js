// Elements of SVG.
const SVG = 'http://www.w3.org/2000/svg';

export function element(name, attributes = {}, ...children) {
  const made = set(document.createElementNS(SVG, name), attributes);
  made.append(...children);
  return made;
}

/** @returns the node */
export function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
