// A worker's side of `call` in index.html.

/** Answers `[name, ...arguments]` by what the method of that name returns. @param {Record<string, (...given: any[]) => Promise<unknown>>} methods */
export function answer(methods) {
  onmessage = async ({ data: [name, ...given] }) => {
    try {
      postMessage({ value: await methods[name](...given) });
    } catch (error) {
      postMessage({ error: error?.message ?? String(error) });
    }
  };
}
