/** The query of the page's address: a link to the page brings back what it shows. */

export const query = new URLSearchParams(location.search);

/** Put values into the address; empty ones leave it. @param {Record<string, string | null>} values */
export function remember(values) {
  for (const [name, value] of Object.entries(values)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}
