/** What differs between two JSON values, path by path. */

const MOST = 60;

/**
 * @param {any} before undefined: there was none @param {any} after
 * @returns {{path: string, before?: any, after?: any}[]} a side that has nothing there has no such property
 */
export function differences(before, after) {
  const found = [];
  const look = (path, one, other) => {
    if (found.length >= MOST || JSON.stringify(one) === JSON.stringify(other)) return;
    if (isTree(one) && isTree(other) && Array.isArray(one) === Array.isArray(other)) {
      for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
        look(path === "" ? name : `${path}.${name}`, one[name], other[name]);
      }
      return;
    }
    found.push({ path, ...(one === undefined ? {} : { before: one }), ...(other === undefined ? {} : { after: other }) });
  };
  look("", before, after);
  return found;
}

const isTree = (value) => typeof value === "object" && value !== null;
